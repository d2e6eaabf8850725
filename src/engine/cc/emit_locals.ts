/** Where the variables of an unoptimised function are, instruction by instruction: for whoever inspects them. */
import type { Bytes } from '../../shared/brand.ts';
import { scopesEntered } from './emit_frame.ts';
import type { Slot } from './ir.ts';
import type { MBlock, MFunction, MInst } from './isel_code.ts';

/** A variable on the stack, in scope from instruction `from` to before `to` of its function. */
export interface PlacedSlot {
  readonly slot: Slot;
  /** From r10; negative. */
  readonly offset: Bytes;
  readonly from: number;
  readonly to: number;
}

/** Told of blocks and marks in the order in which they are emitted. */
export class LocalRanges {
  readonly found: PlacedSlot[] = [];
  private readonly entering: ReadonlyMap<MBlock, ReadonlySet<Slot>>;
  private readonly offsets: ReadonlyMap<Slot, Bytes>;
  private readonly open = new Map<Slot, number>();
  /** Without a scope of their own: parameters. */
  private readonly everywhere: readonly Slot[];

  constructor(fn: MFunction, offsets: ReadonlyMap<Slot, Bytes>) {
    const { scoped, entering } = scopesEntered(fn);
    this.entering = entering;
    this.offsets = offsets;
    this.everywhere = [...offsets.keys()].filter((slot) => !scoped.has(slot));
  }

  private close(slot: Slot, at: number): void {
    const from = this.open.get(slot);
    const offset = this.offsets.get(slot);
    this.open.delete(slot);
    if (from === undefined || offset === undefined || from === at || !slot.variable) return;
    const last = this.found.findLast((placed) => placed.slot === slot);
    if (last?.to === from) this.found.splice(this.found.indexOf(last), 1, { ...last, to: at });
    else this.found.push({ slot, offset, from, to: at });
  }

  enter(block: MBlock, at: number): void {
    const alive = new Set([...this.everywhere, ...(this.entering.get(block) ?? [])]);
    for (const slot of this.open.keys()) if (!alive.has(slot)) this.close(slot, at);
    for (const slot of alive) if (!this.open.has(slot)) this.open.set(slot, at);
  }

  mark({ slot, imm }: MInst, at: number): void {
    if (!slot) return;
    if (imm !== 1n) this.close(slot, at);
    else if (!this.open.has(slot)) this.open.set(slot, at);
  }

  finish(at: number): readonly PlacedSlot[] {
    for (const slot of this.open.keys()) this.close(slot, at);
    return this.found;
  }
}
