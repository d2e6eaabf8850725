/**
 * What is known of memory at a place in a function: which bytes hold which value. Stores and loads add to it,
 * writes that may meet those bytes take away. Where paths meet, known is what is known on all of them; values
 * that differ become a phi, made when somebody asks.
 */
import type { Block, Inst, IrFunction, Slot, Width } from './ir.ts';
import { mayAlias, placeOf, slotOf } from './opt_alias.ts';
import type { Place } from './opt_alias.ts';

/** A piece of memory whose content is known. */
export interface Known extends Place {
  readonly relo: null;
  readonly width: Width;
  /** A store of one or two bytes: the value's other bits are not there. */
  readonly narrowed: boolean;
  /** Null until somebody asks for what differs between the paths that meet in `join`. */
  value: Inst | null;
  readonly join: { readonly block: Block; readonly paths: readonly Known[] } | null;
}

/** What the bytes of a load or store hold after it. */
export const holds = (inst: Inst, value: Inst, narrowed: boolean): Known => ({
  address: inst.args[0]!,
  off: inst.off,
  size: inst.size,
  relo: null,
  width: value.width,
  narrowed,
  value,
  join: null,
});

/** Forgets what an instruction may change. */
export function clobber(memory: readonly Known[], inst: Inst, escaped: ReadonlySet<Slot>): readonly Known[] {
  switch (inst.op) {
    case 'store':
    case 'atomic': {
      const place = placeOf(inst);
      return memory.filter((known) => !mayAlias(known, place, escaped));
    }
    case 'call':
    case 'asm':
      return memory.filter(({ address }) => {
        const slot = slotOf(address);
        return slot !== null && !escaped.has(slot);
      });
    case 'life':
      return memory.filter(({ address }) => slotOf(address) !== inst.slot);
    default:
      return memory;
  }
}

export const sameBytes = (a: Place, b: Place): boolean =>
  a.address === b.address && a.off === b.off && a.size === b.size;

/** Earlier pieces of a path are not compared with those of the other paths. */
const MOST_JOINED = 32;

/** What is known in `block`, whose predecessors end with `paths`; nothing where one of them is not known yet. */
export function joinPaths(block: Block, paths: readonly (readonly Known[] | undefined)[]): readonly Known[] {
  const [first, ...rest] = paths;
  const joined: Known[] = [];
  for (const known of first?.slice(-MOST_JOINED) ?? []) {
    const others = rest.map((path) => path?.find((other) => sameBytes(other, known)));
    const all = [known];
    for (const other of others)
      if (other && other.width === known.width && other.narrowed === known.narrowed) all.push(other);
    if (all.length !== paths.length) continue;
    const isSame = all.every((one) => one === known || (one.value !== null && one.value === known.value));
    if (isSame) joined.push(known);
    else if (!known.narrowed) joined.push({ ...known, value: null, join: { block, paths: all } });
  }
  return joined;
}

/** The value of the bytes. @param place called with every phi that has to be made for it */
export function valueOf(fn: IrFunction, known: Known, place: (phi: Inst) => void): Inst {
  const { join } = known;
  if (known.value || !join) return known.value!;
  const args = join.paths.map((path) => valueOf(fn, path, place));
  const phi = fn.make('phi', known.width, args);
  phi.block = join.block;
  place(phi);
  known.value = phi;
  return phi;
}
