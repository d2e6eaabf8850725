/**
 * Call chains: of the program that runs, and of tasks that sleep.
 *
 * Source: kernel/bpf/stackmap.c, kernel/trace/bpf_trace.c, Linux 6.12.
 */
import type { Addr } from '../../../shared/brand.ts';
import { EngineBug } from '../../../shared/assert.ts';
import { fail } from '../../../shared/errno.ts';
import type { NegErrno } from '../../../shared/errno.ts';
import { kernelTrace, taskPtRegs } from '../../kernel/objects/kernel_stack.ts';
import { taskAt } from '../../kernel/objects/task.ts';
import { readUser } from '../../kernel/objects/user_memory.ts';
import type { Call, Helper } from '../../vm/helper.ts';
import { mapsByAddr } from '../map.ts';
import {
  BPF_F_FAST_STACK_CMP,
  BPF_F_REUSE_STACKID,
  MAX_STACK_DEPTH,
  StackTraceMap,
  asAddresses,
  withBuildIds,
} from '../maps/stack_trace.ts';

const SKIP_MASK = 0xffn;
const USER_STACK = 1n << 8n;
const USER_BUILD_ID = 1n << 11n;
/** sizeof(struct bpf_stack_build_id) */
const BUILD_ID_ENTRY = 32;
const PF_KTHREAD = 0x20_0000;

export const stackHelpers = (): readonly (readonly [number, Helper])[] => [
  [27, getStackId],
  [67, (c) => storeStack(c, c.arg(2), c.u32(3), c.arg(4), () => runningTrace(c))],
  [141, getTaskStack],
  [175, (c) => taskPtRegs(taskAt(c.kernel, c.arg(1)))],
];

/** Who called the program, innermost first, with how far into each function. */
const CALLERS: readonly (readonly [symbol: string, offset: bigint])[] = [
  ['bpf_iter_run_prog', 0x11dn],
  ['bpf_seq_read', 0x2c4n],
  ['vfs_read', 0xa9n],
  ['ksys_read', 0x6fn],
  ['do_syscall_64', 0x82n],
  ['entry_SYSCALL_64_after_hwframe', 0x76n],
];

/**
 * The stack on which an iterator program runs: the program, then read(2) down to the system call's entry.
 *
 * @kernel get_perf_callchain, kernel/events/callchain.c
 * @fidelity partial: the target's show function is left out, and offsets into functions are plausible only
 */
function runningTrace(call: Call): Addr[] {
  const { symbols } = call.kernel;
  const callers = CALLERS.flatMap(([name, offset]) => {
    const symbol = symbols.find(name);
    return symbol ? [symbol.addr + offset] : [];
  });
  return [call.here(), ...callers];
}

/** struct stack_frame of user space: the caller's frame, then the address to return to. */
const FRAME = 16;

/**
 * The user stack of the current task: where it entered the kernel, then what its frame pointers lead to.
 *
 * @returns innermost first; null where nobody told the task's registers, [] for one without user space
 * @kernel perf_callchain_user, arch/x86/events/core.c
 * @fidelity partial: 64-bit processes only; user memory that nobody told is zeros, which end the walk
 */
function userTrace({ kernel, current }: Call, max: number): Addr[] | null {
  const task = taskAt(kernel, current);
  const mm = task.deref('mm');
  if (!mm) return [];
  const told = task.ptr('stack') !== 0n && kernel.types.has('pt_regs');
  const regs = told ? kernel.view('pt_regs', taskPtRegs(task)) : null;
  const ip = regs?.ptr('ip') ?? 0n;
  if (!regs || ip === 0n) return null;
  const out = [ip];
  for (let frame = regs.ptr('bp'); out.length < max;) {
    const bytes = readUser(kernel, mm, frame, FRAME);
    if (!bytes) break;
    const view = new DataView(bytes.buffer);
    out.push(view.getBigUint64(8, true));
    frame = view.getBigUint64(0, true);
  }
  return out.slice(0, max);
}

/**
 * Stores a chain in the program's memory.
 *
 * @returns bytes stored, innermost frame first; -EINVAL for flags or size, -EFAULT where there are fewer
 *   frames than are skipped; the memory is zeroed then
 * @kernel __bpf_get_stack, kernel/bpf/stackmap.c
 * @fidelity partial: user stacks as userTrace
 */
function storeStack(
  call: Call,
  buf: Addr,
  size: number,
  flags: bigint,
  trace: (max: number) => Addr[],
): number {
  const user = (flags & USER_STACK) !== 0n;
  const buildId = (flags & USER_BUILD_ID) !== 0n;
  const refuse = (errno: NegErrno): number => {
    call.mem.fill(buf, size, 0);
    return errno;
  };
  if ((flags & ~(SKIP_MASK | USER_STACK | USER_BUILD_ID)) !== 0n || (buildId && !user))
    return refuse(fail('EINVAL'));
  const entry = buildId ? BUILD_ID_ENTRY : 8;
  if (size % entry !== 0) return refuse(fail('EINVAL'));
  const skip = Number(flags & SKIP_MASK);
  const max = size / entry + skip;
  const found = (user ? userTrace(call, max) : trace(max))?.slice(0, max);
  if (!found || found.length < skip) return refuse(fail('EFAULT'));
  const bytes = (buildId ? withBuildIds : asAddresses)(found.slice(skip));
  call.mem.fill(buf, size, 0);
  call.mem.setBytes(buf, bytes);
  return bytes.length;
}

/**
 * @returns as storeStack; -EFAULT for a task whose stack is gone and for the user stack of a kernel thread,
 *   -EOPNOTSUPP for that of another task; the memory is zeroed then
 * @kernel bpf_get_task_stack, kernel/bpf/stackmap.c
 * @fidelity partial: user stacks as userTrace; the helper's own frames are left out
 */
function getTaskStack(call: Call): number {
  const task = taskAt(call.kernel, call.arg(1));
  const [buf, size, flags] = [call.arg(2), call.u32(3), call.arg(4)];
  const refuse = (errno: NegErrno): number => {
    call.mem.fill(buf, size, 0);
    return errno;
  };
  if (task.num('exit_state') !== 0) return refuse(fail('EFAULT'));
  const mine = task.addr === call.current;
  const known = (flags & ~(SKIP_MASK | USER_STACK | USER_BUILD_ID)) === 0n;
  const fits = size % ((flags & USER_BUILD_ID) !== 0n ? BUILD_ID_ENTRY : 8) === 0;
  if (known && fits && (flags & USER_STACK) !== 0n) {
    if ((task.num('flags') & PF_KTHREAD) !== 0) return refuse(fail('EFAULT'));
    if (!mine) return refuse(fail('EOPNOTSUPP'));
  }
  const trace = mine ? runningTrace : ({ kernel }: Call, max: number) => kernelTrace(kernel, task, max);
  return storeStack(call, buf, size, flags, (max) => trace(call, max));
}

/**
 * @returns the number of the stack in the map, -EINVAL for flags, -EFAULT where there is no stack or fewer
 *   frames than are skipped, -EEXIST
 * @kernel bpf_get_stackid, kernel/bpf/stackmap.c
 * @fidelity partial: user stacks as userTrace
 */
function getStackId(call: Call): NegErrno {
  const map = mapsByAddr.at(call.kernel, call.arg(2));
  if (!(map instanceof StackTraceMap)) throw new EngineBug(`map ${map.spec.name} holds no stacks`);
  const flags = call.arg(3);
  if ((flags & ~(SKIP_MASK | USER_STACK | BPF_F_FAST_STACK_CMP | BPF_F_REUSE_STACKID)) !== 0n)
    return fail('EINVAL');
  const skip = Number(flags & SKIP_MASK);
  const depth = Math.min(map.spec.valueSize / map.entrySize + skip, MAX_STACK_DEPTH);
  const trace = (flags & USER_STACK) !== 0n ? userTrace(call, depth) : runningTrace(call).slice(0, depth);
  return !trace || trace.length <= skip ? fail('EFAULT') : map.add(trace.slice(skip), flags);
}
