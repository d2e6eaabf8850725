/** Which accesses may meet in memory. */
import { sizeOf } from './ctype.ts';
import type { CoreRelo, Inst, IrFunction, Slot } from './ir.ts';

export interface Place {
  readonly address: Inst;
  readonly off: number;
  readonly size: number;
  /** Of an access to a member of a kernel type. */
  readonly relo: CoreRelo | null;
}
export const placeOf = (inst: Inst): Place => ({
  address: inst.args[0]!,
  off: inst.off,
  size: inst.size,
  relo: inst.relo,
});

/** Slots whose address goes anywhere but into a load or store. */
export function escapedSlots(fn: IrFunction): Set<Slot> {
  const escaped = new Set<Slot>();
  const note = (arg: Inst): void => {
    if (arg.op === 'frame' && arg.slot) escaped.add(arg.slot);
  };
  for (const block of fn.blocks) {
    for (const inst of block.insts) {
      const direct = inst.op === 'load' || inst.op === 'store';
      (direct ? inst.args.slice(1) : inst.args).forEach(note);
    }
    if (block.term.kind === 'branch') [block.term.a, block.term.b].forEach(note);
    if (block.term.kind === 'return' && block.term.value) note(block.term.value);
  }
  return escaped;
}

/** True when a record that is accessed by its members is larger than the variable: it cannot be in there. */
function tooLarge(relo: CoreRelo | null, variable: Inst): boolean {
  const room = variable.op === 'frame' ? variable.slot?.size : variable.symbol?.size;
  return relo !== null && room !== undefined && (sizeOf(relo.root) ?? 0) > room;
}

/** @param escaped slots that pointers may lead to */
export function mayAlias(a: Place, b: Place, escaped: ReadonlySet<Slot>): boolean {
  const x = a.address;
  const y = b.address;
  const apart = (from: number, to: number): boolean => from + a.size <= to || to + b.size <= from;
  if (x.op === 'frame' && y.op === 'frame') return x.slot === y.slot && !apart(x.off + a.off, y.off + b.off);
  if (x.op === 'addr' && y.op === 'addr')
    return x.symbol === y.symbol && !apart(x.off + a.off, y.off + b.off);
  if (x === y) return !apart(a.off, b.off);
  if (tooLarge(a.relo, y) || tooLarge(b.relo, x)) return false;
  if (x.op === 'frame') return y.op !== 'addr' && x.slot !== null && escaped.has(x.slot);
  if (y.op === 'frame') return x.op !== 'addr' && y.slot !== null && escaped.has(y.slot);
  return true;
}
