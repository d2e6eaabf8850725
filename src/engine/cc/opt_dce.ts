/**
 * Removes what nobody needs: values without uses, and stores to slots that nobody reads.
 */
import type { Inst, IrFunction, Slot } from './ir.ts';
import { hasEffect, termArgs } from './ir.ts';
import { readSlots, slotOf } from './opt_alias.ts';

/**
 * A value that still has the low bytes a mark shows, when nothing else needs what was shown. An object's
 * address is not followed: what the page shows is numbers.
 */
function leftOf(shown: Inst, size: number, live: ReadonlySet<Inst>): Inst | null {
  const bits = BigInt(size * 8);
  for (let at: Inst | undefined = shown; at; at = at.args[0]) {
    if (live.has(at) || at.op === 'const' || at.op === 'param') return at;
    const [, mask] = at.args;
    const keeps =
      at.op === 'zext' ||
      at.op === 'trunc' ||
      (at.op === 'sext' && at.bits >= size * 8) ||
      (at.op === 'and' && mask?.op === 'const' && BigInt.asUintN(Number(bits), ~mask.imm) === 0n);
    if (!keeps || at.args[0]!.width < Number(bits)) return null;
  }
  return null;
}

/** @param mayGo whose stores may go when nobody reads the slot */
export function removeDead(fn: IrFunction, mayGo: (slot: Slot) => boolean = () => true): void {
  const read = readSlots(fn);
  const deadStore = (inst: Inst): boolean => {
    const slot = inst.op === 'store' && !inst.volatile ? slotOf(inst.args[0]) : null;
    return slot !== null && !read.has(slot) && mayGo(slot);
  };
  const live = new Set<Inst>();
  const work: Inst[] = [];
  const mark = (inst: Inst): void => {
    if (live.has(inst)) return;
    live.add(inst);
    work.push(inst);
  };
  for (const block of fn.blocks) {
    for (const inst of block.insts) if (hasEffect(inst) && !deadStore(inst)) mark(inst);
    termArgs(block.term).forEach(mark);
  }
  for (let inst = work.pop(); inst; inst = work.pop()) inst.args.forEach(mark);
  for (const block of fn.blocks) {
    block.insts = block.insts.filter((inst) => live.has(inst));
    for (const inst of block.insts) if (inst.shown) inst.shown = leftOf(inst.shown, inst.size, live);
  }
  const used = new Set<Slot>();
  for (const inst of live) if (inst.op === 'frame' && inst.slot) used.add(inst.slot);
  fn.slots = fn.slots.filter((slot) => used.has(slot));
  for (const block of fn.blocks)
    block.insts = block.insts.filter(
      (inst) => inst.op !== 'life' || (inst.slot !== null && used.has(inst.slot)),
    );
}
