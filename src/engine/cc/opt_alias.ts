/** Which accesses may meet in memory. */
import { sizeOf } from './ctype.ts';
import { termArgs } from './ir.ts';
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

/** Longer sums are not looked through. */
const MOST_STEPS = 8;

/** What an address was added to, if that is a slot's address; null: something else, or nobody knows. */
export function slotOf(address: Inst | undefined, steps = 0): Slot | null {
  if (address?.op === 'frame') return address.slot;
  if (!address || !isSum(address) || steps === MOST_STEPS) return null;
  const [a, b] = address.args;
  return slotOf(a, steps + 1) ?? (address.op === 'add' ? slotOf(b, steps + 1) : null);
}

const isSum = ({ op, width }: Inst): boolean => (op === 'add' || op === 'sub') && width === 64;

/** Slots of which `isPlace` does not say of every use that it is only the place of an access, or the base of one. */
function slotsUsed(fn: IrFunction, isPlace: (inst: Inst) => boolean): Set<Slot> {
  const used = new Set<Slot>();
  if (fn.slots.length === 0) return used;
  const note = (arg: Inst): void => {
    const slot = slotOf(arg);
    if (slot) used.add(slot);
  };
  for (const { insts, term } of fn.blocks) {
    for (const inst of insts) {
      const base = !isPlace(inst) ? -1 : isSum(inst) && !slotOf(inst.args[0]) ? 1 : 0;
      inst.args.forEach((arg, i) => {
        if (i !== base) note(arg);
      });
    }
    termArgs(term).forEach(note);
  }
  return used;
}

const isAccess = ({ op }: Inst): boolean => op === 'load' || op === 'store';

/** Slots whose address, or one computed from it, goes anywhere but into a load or store. */
export const escapedSlots = (fn: IrFunction): Set<Slot> =>
  slotsUsed(fn, (inst) => isAccess(inst) || slotOf(inst) !== null);
/** Slots of which not every access names its bytes. */
export const wholeSlots = (fn: IrFunction): Set<Slot> => slotsUsed(fn, isAccess);
/** Slots that are read, or whose address is used for more than storing. */
export const readSlots = (fn: IrFunction): Set<Slot> =>
  slotsUsed(fn, (inst) => (inst.op === 'store' && !inst.volatile) || slotOf(inst) !== null);

/** An element of an array: `base + (index + step) * stride`, the index widened by `widening` or wide already. */
interface Element {
  readonly base: Inst;
  readonly stride: number;
  readonly widening: string;
  readonly index: Inst;
  readonly step: bigint;
}

function elementOf(address: Inst): Element | null {
  if (address.op !== 'add' || address.width !== 64) return null;
  const [a, b] = address.args as [Inst, Inst];
  const [base, scaled] = b.op === 'shl' ? [a, b] : [b, a];
  const by = scaled.args[1];
  if (scaled.op !== 'shl' || by?.op !== 'const' || by.imm > 12n) return null;
  const wide = scaled.args[0]!;
  const isWidened = wide.op === 'zext' || (wide.op === 'sext' && wide.bits === 32);
  const index = isWidened ? wide.args[0]! : wide;
  const step = index.op === 'add' ? index.args[1] : undefined;
  const common = { base, stride: 1 << Number(by.imm), widening: isWidened ? wide.op : '' };
  if (step?.op !== 'const') return { ...common, index, step: 0n };
  const by32 = BigInt.asIntN(32, step.imm);
  // A farther step might come round to where it began.
  if (by32 !== BigInt.asIntN(index.width, step.imm)) return null;
  return { ...common, index: index.args[0]!, step: by32 };
}

/** True for two elements of one array at indices that cannot be the same. */
function isOtherElement(a: Place, b: Place): boolean {
  const [x, y] = [elementOf(a.address), elementOf(b.address)];
  if (!x || !y || x.base !== y.base || x.stride !== y.stride || x.widening !== y.widening) return false;
  if (x.index !== y.index || x.step === y.step) return false;
  const inside = ({ off, size }: Place): boolean => off >= 0 && off + size <= x.stride;
  return inside(a) && inside(b);
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
  const slotX = slotOf(x);
  const slotY = slotOf(y);
  if (slotX && slotY && slotX !== slotY) return false;
  if (isOtherElement(a, b)) return false;
  if (slotX && slotY) return true;
  if (slotX) return y.op !== 'addr' && escaped.has(slotX);
  if (slotY) return x.op !== 'addr' && escaped.has(slotY);
  return true;
}
