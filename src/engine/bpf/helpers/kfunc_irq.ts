/**
 * Interrupts of the processor that programs run on, switched off and on as programs ask, and the locks that may
 * do that too. No interrupt ever comes and nobody else holds a lock: what there is to see is the word of flags,
 * and that a lock which the program holds is refused.
 *
 * Source: kernel/bpf/helpers.c, kernel/bpf/rqspinlock.c, arch/x86/include/asm/irqflags.h, Linux 6.15.
 */
import { fail } from '../../../shared/errno.ts';
import type { Addr } from '../../../shared/brand.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import type { Call, Helper } from '../../vm/helper.ts';

/** Bit 1 of the processor's flags is always set. */
const X86_EFLAGS_FIXED = 1n << 1n;
const X86_EFLAGS_IF = 1n << 9n;

/** Kernels whose processor has interrupts off. */
const masked = new WeakSet<Kernel>();

export const irqKfuncs = (): readonly (readonly [string, Helper])[] => [
  ['bpf_local_irq_save', localIrqSave],
  ['bpf_local_irq_restore', localIrqRestore],
  ['bpf_res_spin_lock', resSpinLock],
  ['bpf_res_spin_unlock', resSpinUnlock],
  ['bpf_res_spin_lock_irqsave', (call) => resSpinLock(call) || irqSave(call, call.arg(2))],
  [
    'bpf_res_spin_unlock_irqrestore',
    (call) => {
      resSpinUnlock(call);
      return irqRestore(call, call.arg(2));
    },
  ],
];

function irqSave({ kernel, mem }: Call, flags: Addr): number {
  mem.setU64(flags, X86_EFLAGS_FIXED | (masked.has(kernel) ? 0n : X86_EFLAGS_IF));
  masked.add(kernel);
  return 0;
}
function irqRestore({ kernel, mem }: Call, flags: Addr): number {
  if (mem.u64(flags) & X86_EFLAGS_IF) masked.delete(kernel);
  return 0;
}

/** @kernel bpf_local_irq_save, kernel/bpf/helpers.c @fidelity full: kfunc.test.ts */
const localIrqSave = (call: Call): number => irqSave(call, call.arg(1));
/** @kernel bpf_local_irq_restore, kernel/bpf/helpers.c @fidelity full: kfunc.test.ts */
const localIrqRestore = (call: Call): number => irqRestore(call, call.arg(1));

/** @returns 0 or -EDEADLK: the program holds it @kernel bpf_res_spin_lock, kernel/bpf/rqspinlock.c @fidelity partial: there is no contention */
function resSpinLock(call: Call): number {
  if (call.mem.u32(call.arg(1)) !== 0) return fail('EDEADLK');
  call.mem.setU32(call.arg(1), 1);
  return 0;
}
function resSpinUnlock(call: Call): number {
  call.mem.setU32(call.arg(1), 0);
  return 0;
}
