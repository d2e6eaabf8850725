/**
 * Removes copies between registers that hold the same value already, within a block: `r6 = r1; r1 = r6`.
 */
import { R10 } from './isel_code.ts';
import type { MFunction } from './isel_code.ts';
import { writesOf } from './isel_liveness.ts';

export function removeCopies(fn: MFunction): void {
  for (const block of fn.blocks) {
    let next = R10 + 1;
    /** Which value each register holds; equal numbers are equal values. */
    const holds = Array.from({ length: R10 + 1 }, (_, reg) => reg);
    block.insts = block.insts.filter((inst) => {
      if (inst.kind === 'copy') {
        if (holds[inst.dst] === holds[inst.src]) return false;
        holds[inst.dst] = holds[inst.src]!;
        return true;
      }
      for (const reg of writesOf(inst)) holds[reg] = next++;
      return true;
    });
  }
}
