/**
 * Memory builtins whose size lowering did not know: after inlining it may be a number, and then they are
 * loads and stores like the others. What is left has no instruction.
 */
import type { Inst, IrFunction } from './ir.ts';
import { Builder } from './lower_builder.ts';
import { copyBytes, fillBytes } from './lower_memory.ts';

/** The instructions that do what the builtin says. */
function expanded(fn: IrFunction, call: Inst): Inst[] {
  const { callee } = call;
  if (callee?.kind !== 'memory') return [call];
  const [to, second, length] = call.args as [Inst, Inst, Inst];
  const b = new Builder(fn);
  fn.blocks.pop();
  b.loc = call.loc;
  const size = Number(BigInt.asUintN(64, length.imm));
  if (callee.name === 'memset') fillBytes({ b }, to, second, size, callee.aligns[0]);
  else copyBytes({ b }, to, second, size, callee.aligns);
  for (const inst of b.block.insts) inst.block = call.block;
  return b.block.insts;
}

/** Larger ones would not fit a program. */
const MOST_BYTES = 4096n;

/** @returns whether there was any */
export function expandMemory(fn: IrFunction): boolean {
  let any = false;
  for (const block of fn.blocks) {
    const isKnown = ({ callee, args }: Inst): boolean =>
      callee?.kind === 'memory' && args[2]?.op === 'const' && args[2].imm >= 0n && args[2].imm <= MOST_BYTES;
    if (!block.insts.some(isKnown)) continue;
    any = true;
    block.insts = block.insts.flatMap((inst) => (isKnown(inst) ? expanded(fn, inst) : [inst]));
  }
  return any;
}
