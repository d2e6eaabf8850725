/**
 * Interrupts of the processor that programs run on, switched off and on as programs ask. None ever comes: what
 * there is to see is the word of flags.
 *
 * Source: kernel/bpf/helpers.c, arch/x86/include/asm/irqflags.h, Linux 6.14.
 */
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
];

/** @kernel bpf_local_irq_save, kernel/bpf/helpers.c @fidelity full: kfunc.test.ts */
function localIrqSave(call: Call): number {
  const on = masked.has(call.kernel) ? 0n : X86_EFLAGS_IF;
  call.mem.setU64(call.arg(1), X86_EFLAGS_FIXED | on);
  masked.add(call.kernel);
  return 0;
}

/** @kernel bpf_local_irq_restore, kernel/bpf/helpers.c @fidelity full: kfunc.test.ts */
function localIrqRestore(call: Call): number {
  if (call.mem.u64(call.arg(1)) & X86_EFLAGS_IF) masked.delete(call.kernel);
  return 0;
}
