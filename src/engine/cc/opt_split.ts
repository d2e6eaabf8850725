/**
 * Accesses to a slot that overlap in part are cut where others begin and end, so that mem2reg finds pieces: an
 * 8-byte clear of two ints becomes two, a struct that is copied by words falls apart into its members. A load
 * that is cut is put together again, and stays a set of parts for the store that takes them elsewhere.
 */
import { must } from '../../shared/assert.ts';
import type { AccessSize, Block, Inst, IrFunction, Slot } from './ir.ts';
import { wholeSlots } from './opt_alias.ts';

/** More parts cost more than memory does. */
const MOST_PARTS = 4;

interface Part {
  /** From where the whole access begins. */
  readonly off: number;
  readonly size: AccessSize;
}

const slotOf = (inst: Inst): Slot | null => (inst.args[0]?.op === 'frame' ? inst.args[0].slot : null);
const startOf = (inst: Inst): number => inst.args[0]!.off + inst.off;
const isAccess = (inst: Inst): boolean => inst.op === 'load' || inst.op === 'store';

/** Where accesses to each slot begin and end; slots that must stay as they are have none. */
function cutsOf(fn: IrFunction, mayGo: (slot: Slot) => boolean): Map<Slot, Set<number>> {
  const cuts = new Map<Slot, Set<number>>();
  const stay = wholeSlots(fn);
  for (const { insts } of fn.blocks)
    for (const inst of insts) {
      const slot = slotOf(inst);
      if (!slot || !isAccess(inst) || !mayGo(slot)) continue;
      if (inst.volatile || inst.relo) stay.add(slot);
      const set = cuts.get(slot) ?? new Set();
      cuts.set(slot, set.add(startOf(inst)).add(startOf(inst) + inst.size));
    }
  for (const slot of stay) cuts.delete(slot);
  return cuts;
}

/** A slot that is copied into another is cut where the other is. */
function carryOver(fn: IrFunction, cuts: Map<Slot, Set<number>>): void {
  const copies = fn.blocks.flatMap(({ insts }) =>
    insts.flatMap((store) => {
      const load = store.args[1];
      if (store.op !== 'store' || load?.op !== 'load' || load.size !== store.size) return [];
      const [from, to] = [cuts.get(slotOf(load)!), cuts.get(slotOf(store)!)];
      return from && to ? [{ from, to, load, store }] : [];
    }),
  );
  for (let round = 0, changed = copies.length > 0; changed && round < 8; round++) {
    changed = false;
    for (const { from, to, load, store } of copies)
      for (const [source, target, a, b] of [
        [from, to, load, store],
        [to, from, store, load],
      ] as const)
        for (let at = 1; at < load.size; at++)
          if (source.has(startOf(a) + at) && !target.has(startOf(b) + at)) {
            target.add(startOf(b) + at);
            changed = true;
          }
  }
}

/** The parts of an access, each of a size there is. */
function partsOf(inst: Inst, cuts: ReadonlySet<number>): Part[] {
  const start = startOf(inst);
  const parts: Part[] = [];
  for (let off = 0; off < inst.size;) {
    let end = off + 1;
    while (end < inst.size && !cuts.has(start + end)) end++;
    while (off < end) {
      const size = ([8, 4, 2, 1] as const).find((s) => off + s <= end && (start + off) % s === 0) ?? 1;
      parts.push({ off, size });
      off += size;
    }
  }
  return parts;
}

class Splitting {
  private readonly fn: IrFunction;
  /** Loads that were put together, and of what. */
  private readonly composed = new Map<Inst, readonly { readonly part: Part; readonly value: Inst }[]>();
  private out: Inst[] = [];
  private block: Block;

  constructor(fn: IrFunction) {
    this.fn = fn;
    this.block = fn.entry();
  }

  private put(model: Inst, op: Inst['op'], width: 32 | 64, args: Inst[], fields: Partial<Inst> = {}): Inst {
    const made = this.fn.make(op, width, args);
    Object.assign(made, { loc: model.loc, block: this.block, ...fields });
    this.out.push(made);
    return made;
  }

  private at(inst: Inst, { off, size }: Part): Partial<Inst> {
    return { off: inst.off + off, size };
  }

  private load(inst: Inst, parts: readonly Part[]): void {
    const { width } = inst;
    const [address] = inst.args as [Inst];
    const values = parts.map((part) => ({
      part,
      value: this.put(inst, 'load', part.size === 8 ? 64 : 32, [address], this.at(inst, part)),
    }));
    const placed = values.map(({ part, value }) => {
      const wide = width === 64 ? this.put(inst, 'zext', 64, [value]) : value;
      return part.off === 0
        ? wide
        : this.put(inst, 'shl', width, [wide, this.fn.const(width, BigInt(8 * part.off))]);
    });
    const last = placed.pop()!;
    const rest = placed.reduceRight<Inst>(
      (all, one, i) => (i === 0 ? all : this.put(inst, 'or', width, [one, all])),
      last,
    );
    // The load itself becomes the last step, so that whoever uses it need not know.
    Object.assign(inst, { op: 'or', args: [must(placed[0], 'part'), rest], off: 0 });
    this.out.push(inst);
    this.composed.set(inst, values);
  }

  private store(inst: Inst, parts: readonly Part[]): void {
    const [address, value] = inst.args as [Inst, Inst];
    const known = this.composed.get(value);
    for (const part of parts) {
      const ready = known?.find((one) => one.part.off === part.off && one.part.size === part.size)?.value;
      this.put(inst, 'store', 32, [address, ready ?? this.extract(inst, value, part)], this.at(inst, part));
    }
  }

  private extract(inst: Inst, value: Inst, { off }: Part): Inst {
    const by = BigInt(8 * off);
    if (value.op === 'const') return this.fn.const(32, BigInt.asUintN(value.width, value.imm) >> by);
    const moved =
      off === 0 ? value : this.put(inst, 'lshr', value.width, [value, this.fn.const(value.width, by)]);
    return value.width === 64 ? this.put(inst, 'trunc', 32, [moved]) : moved;
  }

  run(parts: ReadonlyMap<Inst, readonly Part[]>): void {
    for (const block of this.fn.blocks) {
      this.block = block;
      this.out = [];
      for (const inst of block.insts) {
        const own = parts.get(inst);
        if (!own) this.out.push(inst);
        else if (inst.op === 'load') this.load(inst, own);
        else this.store(inst, own);
      }
      block.insts = this.out;
    }
  }
}

/** @param mayGo which slots need not stay memory */
export function splitAccesses(fn: IrFunction, mayGo: (slot: Slot) => boolean): void {
  const cuts = cutsOf(fn, mayGo);
  if (cuts.size === 0) return;
  carryOver(fn, cuts);
  const parts = new Map<Inst, readonly Part[]>();
  const whole = new Set<Slot>();
  for (const { insts } of fn.blocks)
    for (const inst of insts) {
      const slot = slotOf(inst);
      const set = slot && isAccess(inst) ? cuts.get(slot) : undefined;
      if (!slot || !set) continue;
      const own = partsOf(inst, set);
      if (own.length > (inst.op === 'load' ? MOST_PARTS : 8)) whole.add(slot);
      if (own.length > 1) parts.set(inst, own);
    }
  for (const inst of parts.keys()) if (whole.has(slotOf(inst)!)) parts.delete(inst);
  if (parts.size > 0) new Splitting(fn).run(parts);
}
