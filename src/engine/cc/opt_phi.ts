/**
 * Extensions of a choice among constants: the constants are extended, and the choice is made among those. Only
 * where nobody else uses the narrow choice.
 */
import { countUses } from './ir.ts';
import type { Inst, IrFunction } from './ir.ts';

const extended = (inst: Inst, value: bigint): bigint =>
  inst.op === 'zext' ? BigInt.asUintN(32, value) : BigInt.asIntN(inst.bits, value);

/** @param replace is told what stands for what from now on */
export function extendChoices(fn: IrFunction, replace: (from: Inst, to: Inst) => void): void {
  const found: Inst[] = [];
  for (const { insts } of fn.blocks)
    for (const inst of insts)
      if ((inst.op === 'sext' || inst.op === 'zext') && inst.width === 64)
        if (inst.args[0]!.op === 'phi' && inst.args[0]!.args.every(({ op }) => op === 'const'))
          found.push(inst);
  if (found.length === 0) return;
  const uses = countUses(fn);
  for (const inst of found) {
    const phi = inst.args[0]!;
    if (uses.get(phi) !== 1 || !phi.block) continue;
    const wide = fn.make(
      'phi',
      64,
      phi.args.map(({ imm }) => fn.const(64, extended(inst, imm))),
    );
    Object.assign(wide, { block: phi.block, loc: phi.loc });
    phi.block.insts.unshift(wide);
    replace(inst, wide);
  }
}
