/**
 * Stores that a later store covers before anybody reads: only the last one counts. Within a block; calls and
 * assembly may read everything.
 */
import type { Inst, IrFunction } from './ir.ts';
import { escapedSlots, mayAlias, placeOf } from './opt_alias.ts';
import type { Place } from './opt_alias.ts';

/** More are not looked through. */
const MOST_KNOWN = 16;

const covers = (outer: Place, inner: Place): boolean =>
  outer.address === inner.address &&
  outer.off <= inner.off &&
  outer.off + outer.size >= inner.off + inner.size;

export function removeOverwritten(fn: IrFunction): void {
  const escaped = escapedSlots(fn);
  for (const block of fn.blocks) {
    if (block.insts.filter(({ op }) => op === 'store').length < 2) continue;
    let later: Place[] = [];
    const dead = new Set<Inst>();
    for (const inst of block.insts.toReversed())
      switch (inst.op) {
        case 'store': {
          if (inst.volatile || inst.relo) break;
          const place = placeOf(inst);
          if (later.some((one) => covers(one, place))) dead.add(inst);
          else if (later.length < MOST_KNOWN) later.push(place);
          break;
        }
        case 'load': {
          const place = placeOf(inst);
          later = later.filter((one) => !mayAlias(one, place, escaped));
          break;
        }
        case 'call':
        case 'asm':
        case 'atomic':
          later = [];
          break;
        default:
      }
    if (dead.size > 0) block.insts = block.insts.filter((inst) => !dead.has(inst));
  }
}
