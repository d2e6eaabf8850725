/**
 * Removes what nobody needs: values without uses, and stores to slots that nobody reads.
 */
import type { Inst, IrFunction, Slot } from './ir.ts';
import { hasEffect, termArgs } from './ir.ts';

/** Slots that are read, or whose address is used for more than storing. */
function readSlots(fn: IrFunction): Set<Slot> {
  const read = new Set<Slot>();
  const note = (arg: Inst): void => {
    if (arg.op === 'frame' && arg.slot) read.add(arg.slot);
  };
  for (const block of fn.blocks) {
    for (const inst of block.insts)
      (inst.op === 'store' && !inst.volatile ? inst.args.slice(1) : inst.args).forEach(note);
    termArgs(block.term).forEach(note);
  }
  return read;
}

/** @param mayGo whose stores may go when nobody reads the slot */
export function removeDead(fn: IrFunction, mayGo: (slot: Slot) => boolean = () => true): void {
  const read = readSlots(fn);
  const deadStore = (inst: Inst): boolean =>
    inst.op === 'store' &&
    !inst.volatile &&
    inst.args[0]?.op === 'frame' &&
    inst.args[0].slot !== null &&
    !read.has(inst.args[0].slot) &&
    mayGo(inst.args[0].slot);
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
  for (const block of fn.blocks) block.insts = block.insts.filter((inst) => live.has(inst));
  const used = new Set<Slot>();
  for (const inst of live) if (inst.op === 'frame' && inst.slot) used.add(inst.slot);
  fn.slots = fn.slots.filter((slot) => used.has(slot));
  for (const block of fn.blocks)
    block.insts = block.insts.filter(
      (inst) => inst.op !== 'life' || (inst.slot !== null && used.has(inst.slot)),
    );
}
