/**
 * Values that were taken apart and are put together again: `(x & 0xff) | (x >> 8 & 0xff) << 8` is `x & 0xffff`.
 * Bit-fields, packed structs and structs copied by bytes leave such trees when their memory has become values.
 *
 * A tree of or, and, shifts and widenings is read as a list of parts: bits of some value, moved left or
 * right. Neighbours of the same value that moved alike are one part. Where that needs fewer instructions
 * than the tree did, the tree is written anew.
 */
import { must } from '../../shared/assert.ts';
import { countUses } from './ir.ts';
import type { Inst, IrFunction, Width } from './ir.ts';
import { ones, possibleBits, shiftOf } from './opt_bits.ts';

/** Bits of the result that come from `from`, moved left by `by` (right when negative); of a constant, the bits. */
interface Part {
  readonly from: Inst | null;
  readonly by: number;
  readonly mask: bigint;
}

const MOST_DEPTH = 12;
const MOST_PARTS = 10;

class Reading {
  /** Instructions that only this tree uses: what writing it anew would save. */
  owned = 0;
  private readonly uses: ReadonlyMap<Inst, number>;

  constructor(uses: ReadonlyMap<Inst, number>) {
    this.uses = uses;
  }

  /** @returns the parts that make the bits within `wanted`, or null where parts overlap or are too many */
  read(inst: Inst, wanted: bigint, alone: boolean, depth = 0): Part[] | null {
    if (wanted === 0n) return [];
    if (inst.op === 'const') {
      const bits = BigInt.asUintN(inst.width, inst.imm) & wanted;
      return bits === 0n ? [] : [{ from: null, by: 0, mask: bits }];
    }
    const owned = alone && this.uses.get(inst) === 1;
    const inner = (arg: Inst, bits: bigint, cost: number): Part[] | null => {
      if (owned || depth === 0) this.owned += cost;
      return this.read(arg, bits, owned || depth === 0, depth + 1);
    };
    const [a, b] = inst.args as [Inst, Inst];
    if (depth < MOST_DEPTH)
      switch (inst.op) {
        case 'or': {
          const left = inner(a, wanted, 1);
          const right = left && inner(b, wanted, 0);
          return right && united(left, right);
        }
        case 'and':
          if (b.op === 'const') return inner(a, wanted & BigInt.asUintN(inst.width, b.imm), 1);
          break;
        case 'shl': {
          const by = shiftOf(inst);
          return by === null ? this.leaf(inst, wanted) : movedBy(inner(a, wanted >> by, 1), Number(by));
        }
        case 'lshr': {
          const by = shiftOf(inst);
          const above = by === null ? 0n : (wanted << by) & ones(inst.width);
          return by === null ? this.leaf(inst, wanted) : movedBy(inner(a, above, 1), -Number(by));
        }
        case 'zext':
        case 'trunc':
          return inner(a, wanted & ones(32), 0);
        default:
      }
    return this.leaf(inst, wanted);
  }

  private leaf(inst: Inst, wanted: bigint): Part[] {
    const mask = possibleBits(inst) & wanted;
    return mask === 0n ? [] : [{ from: inst, by: 0, mask }];
  }
}

const movedBy = (parts: Part[] | null, by: number): Part[] | null =>
  parts?.map((part) => {
    const mask = by > 0 ? part.mask << BigInt(by) : part.mask >> BigInt(-by);
    return { from: part.from, by: part.by + by, mask };
  }) ?? null;

/** Both lists as one; null when different values claim one bit. */
function united(left: readonly Part[], right: readonly Part[]): Part[] | null {
  const all = left.slice();
  for (const part of right) {
    const at = all.findIndex(({ from, by }) => from === part.from && (from === null || by === part.by));
    const one = all[at];
    if (all.some((other, i) => i !== at && (other.mask & part.mask) !== 0n)) return null;
    if (one) all[at] = { ...one, mask: one.mask | part.mask };
    else all.push(part);
  }
  return all.length > MOST_PARTS ? null : all;
}

/** Instructions that keep only the bits of `mask`, of those that may be set. */
function maskCost(mask: bigint, possible: bigint, width: Width): number {
  if ((possible & ~mask) === 0n) return 0;
  return width === 32 || mask <= 0x7fff_ffffn || mask === ones(32) ? 1 : isLow(mask) ? 2 : 3;
}
/** True for 0..01..1. */
const isLow = (mask: bigint): boolean => (mask & (mask + 1n)) === 0n;

const possibleMoved = ({ from, by }: Part, width: Width): bigint => {
  const bits = from === null ? 0n : possibleBits(from);
  return (by >= 0 ? bits << BigInt(by) : bits >> BigInt(-by)) & ones(width);
};
const costOf = (parts: readonly Part[], width: Width): number =>
  parts.reduce(
    (sum, part) =>
      sum +
      (part.from === null
        ? 0
        : (part.by === 0 ? 0 : 1) + maskCost(part.mask, possibleMoved(part, width), width)),
    parts.length - 1,
  );

/** Writes parts as instructions that stand before `root`. */
class Writing {
  readonly out: Inst[] = [];
  private readonly fn: IrFunction;
  private readonly root: Inst;

  constructor(fn: IrFunction, root: Inst) {
    this.fn = fn;
    this.root = root;
  }

  private put(op: Inst['op'], width: Width, args: Inst[]): Inst {
    const made = this.fn.make(op, width, args);
    Object.assign(made, { block: this.root.block, loc: this.root.loc });
    this.out.push(made);
    return made;
  }

  private shift(value: Inst, by: number): Inst {
    const count = this.fn.const(value.width, BigInt(Math.abs(by)));
    return by === 0 ? value : this.put(by > 0 ? 'shl' : 'lshr', value.width, [value, count]);
  }

  private part(part: Part): Inst {
    const { width } = this.root;
    const from = must(part.from, 'value of a part');
    const first = from.width > width && part.by < 0 ? this.shift(from, part.by) : from;
    const fitted = first.width === width ? first : this.put(width === 64 ? 'zext' : 'trunc', width, [first]);
    const placed = first === from ? this.shift(fitted, part.by) : fitted;
    if ((possibleMoved(part, width) & ~part.mask) === 0n) return placed;
    if (maskCost(part.mask, ones(width), width) === 2) {
      const up = this.fn.const(width, BigInt(width - part.mask.toString(2).length));
      return this.put('lshr', width, [this.put('shl', width, [placed, up]), up]);
    }
    return this.put('and', width, [placed, this.fn.const(width, part.mask)]);
  }

  write(parts: readonly Part[]): Inst {
    const { width } = this.root;
    const values = parts.filter(({ from }) => from !== null).map((part) => this.part(part));
    const constant = parts.find(({ from }) => from === null);
    if (constant) values.push(this.fn.const(width, constant.mask));
    if (values.length === 0) return this.fn.const(width, 0n);
    return values.reduce((all, one) => this.put('or', width, [all, one]));
  }
}

const ROOTS: ReadonlySet<string> = new Set(['or', 'and', 'lshr']);

/** @param replace is told what stands for what from now on */
export function joinParts(fn: IrFunction, replace: (from: Inst, to: Inst) => void): void {
  if (!fn.blocks.some(({ insts }) => insts.some(({ op }) => op === 'or' || op === 'lshr'))) return;
  const uses = countUses(fn);
  for (const block of fn.blocks)
    for (let i = block.insts.length - 1; i >= 0; i--) {
      const root = block.insts[i]!;
      if (!ROOTS.has(root.op) || (uses.get(root) ?? 0) === 0) continue;
      const reading = new Reading(uses);
      const parts = reading.read(root, ones(root.width), true);
      if (!parts || costOf(parts, root.width) >= reading.owned) continue;
      const writing = new Writing(fn, root);
      const made = writing.write(parts);
      if (made === root) continue;
      block.insts.splice(i, 0, ...writing.out);
      replace(root, made);
      uses.set(root, 0);
    }
}
