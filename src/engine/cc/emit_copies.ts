/**
 * Removes copies between registers that hold the same value already, within a block: `r6 = r1; r1 = r6`.
 * A 32-bit copy makes only the low halves equal.
 */
import * as bpf from '../abi/opcode.ts';
import { R10, carryMarks } from './isel_code.ts';
import type { MFunction } from './isel_code.ts';
import { writesOf } from './isel_liveness.ts';

export function removeCopies(fn: MFunction): void {
  for (const block of fn.blocks) {
    let next = R10 + 1;
    /** Which value each register holds, and its low half; equal numbers are equal values. */
    const whole = Array.from({ length: R10 + 1 }, (_, reg) => reg);
    const low = whole.slice();
    block.insts = block.insts.filter((inst, i, all) => {
      if (inst.kind === 'copy') {
        const wide = bpf.BPF_CLASS(inst.code) === bpf.BPF_ALU64;
        const known = wide ? whole : low;
        if (known[inst.dst] === known[inst.src]) {
          carryMarks(inst, all[i + 1]);
          return false;
        }
        whole[inst.dst] = wide ? whole[inst.src]! : next++;
        low[inst.dst] = low[inst.src]!;
        return true;
      }
      for (const reg of writesOf(inst)) whole[reg] = low[reg] = next++;
      return true;
    });
  }
}
