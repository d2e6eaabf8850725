/** The passes, in order: each function by itself, then calls are inlined bottom up and cleaned up after. */
import type { DataObject } from './lower_data.ts';
import type { IrFunction, IrSymbol } from './ir.ts';
import { replaceValues } from './ir.ts';
import type { Inst } from './ir.ts';
import { simplifyGraph } from './opt_cfg.ts';
import { removeDead } from './opt_dce.ts';
import { shareValues } from './opt_gvn.ts';
import { calleesFirst, countCalls, inlineCalls } from './opt_inline.ts';
import { mem2reg } from './opt_mem2reg.ts';
import { simplifyAll } from './opt_simplify.ts';

type Objects = ReadonlyMap<IrSymbol, DataObject>;

/** Loads of constant objects become the constants. */
function foldConstantLoads(fn: IrFunction, objects: Objects): void {
  const replaced = new Map<Inst, Inst>();
  for (const block of fn.blocks)
    for (const inst of block.insts) {
      const [address] = inst.args;
      if (inst.op !== 'load' || inst.volatile || address?.op !== 'addr' || !address.symbol) continue;
      const object = objects.get(address.symbol);
      const at = address.off + inst.off;
      if (!object?.constant || at < 0 || at + inst.size > object.bytes.length) continue;
      let value = 0n;
      for (let i = inst.size - 1; i >= 0; i--) value = (value << 8n) | BigInt(object.bytes[at + i] ?? 0);
      replaced.set(inst, fn.const(inst.width, value));
    }
  replaceValues(fn, replaced);
}

function cleanUp(fn: IrFunction, objects: Objects): void {
  simplifyAll(fn);
  mem2reg(fn);
  for (let round = 0; round < 3; round++) {
    foldConstantLoads(fn, objects);
    simplifyAll(fn);
    simplifyGraph(fn);
    shareValues(fn);
    removeDead(fn);
  }
}

/** @returns the functions that are left: internal ones nobody calls any more are dropped */
export function optimise(functions: readonly IrFunction[], objects: Objects): IrFunction[] {
  const bySymbol = new Map(functions.map((fn) => [fn.symbol, fn]));
  const sites = countCalls(functions);
  for (const fn of calleesFirst(functions)) {
    cleanUp(fn, objects);
    if (inlineCalls(fn, (symbol) => bySymbol.get(symbol) ?? null, sites)) {
      simplifyGraph(fn);
      cleanUp(fn, objects);
    }
  }
  const reached = new Set<IrSymbol>();
  const work = functions.filter((fn) => !fn.internal).map((fn) => fn.symbol);
  const reach = (symbol: IrSymbol): void => {
    if (!reached.has(symbol)) work.push(symbol);
  };
  for (const object of objects.values()) for (const reloc of object.relocs) reach(reloc.symbol);
  for (let symbol = work.pop(); symbol; symbol = work.pop()) {
    if (reached.has(symbol)) continue;
    reached.add(symbol);
    const fn = bySymbol.get(symbol);
    if (!fn) continue;
    const { calls, taken } = countCalls([fn]);
    for (const next of [...calls.keys(), ...taken]) reach(next);
  }
  return functions.filter((fn) => reached.has(fn.symbol));
}
