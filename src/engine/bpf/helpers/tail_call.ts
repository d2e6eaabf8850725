/** Going on in another program. Source: kernel/bpf/core.c, Linux 6.12. */
import type { Call, Helper } from '../../vm/helper.ts';
import { mapsByAddr } from '../map.ts';
import { ProgArrayMap } from '../maps/fd_array.ts';
import { progsByAddr } from '../prog.ts';

export const tailCallHelpers = (): readonly (readonly [number, Helper])[] => [[12, tailCall]];

/**
 * The calling frame goes on at the start of the program in the slot, with its R1 and its stack. An empty
 * slot, an index out of range and the 34th call in a row do nothing.
 *
 * @kernel JMP_TAIL_CALL of ___bpf_prog_run, kernel/bpf/core.c
 * @fidelity full: tail_call.test.ts
 */
function tailCall(call: Call): number {
  const map = mapsByAddr.at(call.kernel, call.arg(2));
  const slot = map instanceof ProgArrayMap ? map.pointer(call.u32(3)) : 0n;
  if (slot !== 0n) call.tailCall(progsByAddr.at(call.kernel, slot).code);
  return 0;
}
