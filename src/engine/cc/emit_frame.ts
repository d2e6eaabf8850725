/**
 * Where slots lie below r10. Slots whose scopes never overlap share their bytes: a
 * program with twenty BPF_SEQ_PRINTFs needs room for the largest argument list, not for all of them.
 */
import { alignUp } from '../../shared/int64.ts';
import { slotAlign } from './ir.ts';
import type { Slot } from './ir.ts';
import { NEAR_BYTES } from './isel_code.ts';
import type { MBlock, MFunction } from './isel_code.ts';

/** Slots with `life` marks, and which of them are in scope where a block begins. */
function scopesEntered(fn: MFunction): {
  readonly scoped: ReadonlySet<Slot>;
  readonly entering: ReadonlyMap<MBlock, ReadonlySet<Slot>>;
} {
  const scoped = new Set<Slot>();
  for (const block of fn.blocks)
    for (const inst of block.insts)
      if (inst.kind === 'life' && inst.imm === 1n && inst.slot) scoped.add(inst.slot);
  const leaving = new Map<MBlock, Set<Slot>>(fn.blocks.map((block) => [block, new Set()]));
  const entering = new Map<MBlock, Set<Slot>>(fn.blocks.map((block) => [block, new Set()]));
  for (let changed = true; changed;) {
    changed = false;
    for (const block of fn.blocks) {
      const alive = walkScopes(block, entering.get(block));
      if (alive.size !== leaving.get(block)?.size) changed = true;
      leaving.set(block, alive);
      for (const succ of block.succs)
        for (const slot of alive) {
          const set = entering.get(succ);
          if (!set || set.has(slot)) continue;
          set.add(slot);
          changed = true;
        }
    }
  }
  return { scoped, entering };
}

/** @returns the slots in scope where the block ends. `begins` is told of each that begins, and of those there already */
function walkScopes(
  block: MBlock,
  entering: ReadonlySet<Slot> | undefined,
  begins?: (slot: Slot, others: ReadonlySet<Slot>) => void,
): Set<Slot> {
  const alive = new Set(entering);
  for (const inst of block.insts) {
    if (inst.kind !== 'life' || !inst.slot) continue;
    if (inst.imm !== 1n) alive.delete(inst.slot);
    else {
      begins?.(inst.slot, alive);
      alive.add(inst.slot);
    }
  }
  return alive;
}

/**
 * Pairs of slots that are in scope together somewhere: one begins where the other is. Behind a join it does not
 * count that on one way there the one had begun and on another way the other.
 * Slots without `life` marks are always in scope.
 */
function conflicts(fn: MFunction): (a: Slot, b: Slot) => boolean {
  const { scoped, entering } = scopesEntered(fn);
  const pairs = new Map<Slot, Set<Slot>>([...scoped].map((slot) => [slot, new Set()]));
  const meet = (slot: Slot, alive: ReadonlySet<Slot>): void => {
    for (const other of alive) {
      pairs.get(slot)?.add(other);
      pairs.get(other)?.add(slot);
    }
  };
  for (const block of fn.blocks) walkScopes(block, entering.get(block), meet);
  return (a, b) => !scoped.has(a) || !scoped.has(b) || (pairs.get(a)?.has(b) ?? false);
}

export interface Frame {
  /** Offset from r10 of each slot; negative. */
  readonly offsets: ReadonlyMap<Slot, number>;
  readonly size: number;
}

/** Large slots first, each at the lowest depth where it meets no slot it lives with. */
export function layOutFrame(fn: MFunction): Frame {
  const together = conflicts(fn);
  const used = new Set<Slot>();
  for (const block of fn.blocks)
    for (const inst of block.insts) if (inst.kind !== 'life' && inst.slot) used.add(inst.slot);
  const offsets = new Map<Slot, number>();
  let size = 0;
  const present = fn.slots.filter((slot) => used.has(slot));
  const total = present.reduce((sum, slot) => sum + slot.size, 0);
  // A load or store reaches 32 KiB: in a larger frame what is used directly must lie near r10.
  const order = present.sort((a, b) => (total > NEAR_BYTES ? a.size - b.size : b.size - a.size));
  for (const slot of order) {
    const align = slotAlign(slot);
    const others = [...offsets].filter(([other]) => together(slot, other));
    // An empty array still needs an address below r10.
    const bytes = Math.max(slot.size, 1);
    /** The neighbour that a place at this depth would overlap, or none. */
    const inTheWay = (depth: number): number | undefined =>
      others.find(([other, at]) => depth - bytes < -at && -at - Math.max(other.size, 1) < depth)?.[1];
    // Best where another slot begins that is never alive at the same time: then equal code stays equal.
    const shared = [...offsets.values()].find(
      (at) => -at >= bytes && at % align === 0 && inTheWay(-at) === undefined,
    );
    let depth = shared === undefined ? alignUp(bytes, align) : -shared;
    for (let at = inTheWay(depth); at !== undefined; at = inTheWay(depth)) depth = alignUp(bytes - at, align);
    offsets.set(slot, -depth);
    size = Math.max(size, depth);
  }
  return { offsets, size };
}
