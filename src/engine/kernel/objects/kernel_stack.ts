/**
 * The kernel stack of a task that sleeps: where it was called from, as return addresses in memory.
 *
 *     task->stack [ ...  | frame, return | frame, return | ... | pt_regs ] + THREAD_SIZE
 *                        ^ thread.sp       each frame points to the next outer one
 *
 * Source: arch/x86/kernel/unwind_frame.c, arch/x86/include/asm/processor.h, Linux 6.12.
 */
import type { Addr, Bytes } from '../../../shared/brand.ts';
import { Errno } from '../../../shared/errno.ts';
import type { Kernel } from '../kernel.ts';
import type { Symbols } from '../symbols.ts';
import type { View } from '../view.ts';

const THREAD_SIZE: Bytes = 16384;
/** Room at the top for the registers of user space: 21 words. */
const PT_REGS: Bytes = 168;
const FRAME: Bytes = 16;

/** Address of the registers with which the task entered the kernel. @kernel task_pt_regs, arch/x86/include/asm/processor.h @fidelity full: cgroup.test.ts */
export const taskPtRegs = (task: View): Addr => task.ptr('stack') + BigInt(THREAD_SIZE - PT_REGS);

const stackOf = (kernel: Kernel, task: View): void => {
  if (task.ptr('stack') === 0n) task.set('stack', kernel.mem.alloc(THREAD_SIZE, 4096));
};

/** A task that is dead needs its stack no more. @kernel put_task_stack, kernel/fork.c @fidelity full: src/engine/kernel/fuzz/fuzz.test.ts */
export function freeKernelStack(kernel: Kernel, task: View): void {
  const stack = task.ptr('stack');
  if (stack === 0n) return;
  task.set('stack', 0n);
  kernel.mem.release(stack);
}

/** What a task of user space had in its registers when it entered the kernel. */
export interface UserRegisters {
  readonly ip: Addr;
  readonly sp: Addr;
  /** Number of its system call, -1 for none. */
  readonly call: number;
  /** In the order of arguments. */
  readonly args: readonly Addr[];
}
const ARGUMENTS = ['di', 'si', 'dx', 'r10', 'r8', 'r9'];
/** Selectors of 64-bit user space, and flags with interrupts on. */
const USER = { cs: 0x33, ss: 0x2b, flags: 0x246 } as const;

/** @kernel entry_SYSCALL_64, arch/x86/entry/entry_64.S @fidelity partial: registers that hold no argument are 0 */
export function setUserRegisters(kernel: Kernel, task: View, { ip, sp, call, args }: UserRegisters): void {
  if (!kernel.types.has('pt_regs')) return;
  stackOf(kernel, task);
  const regs = kernel.view('pt_regs', taskPtRegs(task));
  regs.set('ip', ip);
  regs.set('sp', sp);
  regs.set('orig_ax', call);
  regs.set('ax', call === -1 ? 0 : -Errno.ENOSYS);
  for (const [name, value] of Object.entries(USER)) regs.set(name, value);
  if (call === -1) return;
  ARGUMENTS.forEach((name, i) => regs.set(name, args[i] ?? 0n));
  regs.set('cx', ip);
  regs.set('r11', USER.flags);
}

/**
 * Gives a task a stack that it sleeps on.
 *
 * @param returns return addresses, innermost first
 * @fidelity partial: frame pointers only, nothing else lies on the stack
 */
export function setKernelStack(kernel: Kernel, task: View, returns: readonly Addr[]): void {
  stackOf(kernel, task);
  let frame = taskPtRegs(task);
  let outer = 0n;
  for (const address of returns.toReversed()) {
    frame -= BigInt(FRAME);
    kernel.mem.setU64(frame, outer);
    kernel.mem.setU64(frame + 8n, address);
    outer = frame;
  }
  task.set('thread.sp', outer);
}

/**
 * Return addresses of a task that does not run, innermost first.
 *
 * @kernel stack_trace_save_tsk, kernel/stacktrace.c
 * @fidelity partial: empty for a task whose stack nobody told
 */
export function kernelTrace(kernel: Kernel, task: View, max: number): Addr[] {
  const out: Addr[] = [];
  if (task.ptr('stack') === 0n) return out;
  for (let frame = task.ptr('thread.sp'); frame !== 0n && out.length < max; frame = kernel.mem.u64(frame))
    out.push(kernel.mem.u64(frame + 8n));
  return out;
}

/** The address that `symbol+0x10/0x40` or `0xffffffff81000000` names; null when there is no such symbol. */
export function parseFrame(symbols: Symbols, text: string): Addr | null {
  if (/^0x[0-9a-f]+$/i.test(text)) return BigInt(text);
  const [, name = '', offset = '0x0'] = /^([^+\s]+)(?:\+(0x[0-9a-f]+))?(?:\/0x[0-9a-f]+)?/i.exec(text) ?? [];
  const symbol = symbols.find(name);
  return symbol ? symbol.addr + BigInt(offset) : null;
}
