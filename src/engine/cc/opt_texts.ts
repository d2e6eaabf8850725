/**
 * strcmp and strlen of texts that lowering did not see: after inlining they may be constant objects, and then
 * the answer is a number. What is left has no instruction.
 */
import { compareTexts } from './literal.ts';
import type { DataObject } from './lower_data.ts';
import { replaceValues } from './ir.ts';
import type { Inst, IrFunction, IrSymbol } from './ir.ts';

type Objects = ReadonlyMap<IrSymbol, DataObject>;

/** The bytes before the first 0 of a constant object, or null. */
function textAt(address: Inst, objects: Objects): Uint8Array | null {
  const object = address.op === 'addr' && address.symbol ? objects.get(address.symbol) : undefined;
  if (!object?.constant || object.relocs.length > 0 || address.off < 0) return null;
  const end = object.bytes.indexOf(0, address.off);
  return end < 0 ? null : object.bytes.subarray(address.off, end);
}

function answer(call: Inst, objects: Objects): number | null {
  if (call.callee?.kind !== 'text') return null;
  const texts = call.args.map((arg) => textAt(arg, objects));
  const [a, b] = texts;
  if (!a || texts.includes(null)) return null;
  return call.callee.name === 'strlen' ? a.length : compareTexts(a, b!);
}

export function foldTexts(fn: IrFunction, objects: Objects): void {
  const known = new Map<Inst, Inst>();
  for (const { insts } of fn.blocks)
    for (const inst of insts) {
      const value = answer(inst, objects);
      if (value !== null) known.set(inst, fn.const(inst.width, BigInt(value)));
    }
  if (known.size === 0) return;
  for (const block of fn.blocks) block.insts = block.insts.filter((inst) => !known.has(inst));
  replaceValues(fn, known);
}
