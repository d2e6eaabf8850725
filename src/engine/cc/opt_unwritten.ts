/**
 * Static variables that nobody writes are constants, whatever their type says. Somebody may write wherever
 * the address is seen going: into a store, a call, assembly, another variable's initialiser.
 */
import { qualifiersOf } from './ctype.ts';
import type { DataObject } from './lower_data.ts';
import type { Inst, IrFunction, IrSymbol } from './ir.ts';

/** Through whose arguments an address gets out of sight. Of all else the results are looked at. */
const EXPOSES: ReadonlySet<string> = new Set(['store', 'atomic', 'call', 'asm', 'tie']);
/** What these make of an address leads nowhere. */
const ENDS: ReadonlySet<string> = new Set(['load', 'cmp']);

/** Symbols whose address a function does more with than load from it. */
function exposed(fn: IrFunction, all: Set<IrSymbol>): void {
  const origins = new Map<Inst, Set<IrSymbol>>();
  const of = (inst: Inst): Iterable<IrSymbol> =>
    inst.op === 'addr' && inst.symbol ? [inst.symbol] : (origins.get(inst) ?? []);
  for (let changed = true; changed;) {
    changed = false;
    for (const { insts } of fn.blocks)
      for (const inst of insts) {
        if (EXPOSES.has(inst.op) || ENDS.has(inst.op)) continue;
        const own = origins.get(inst) ?? new Set<IrSymbol>();
        const before = own.size;
        for (const arg of inst.args) for (const symbol of of(arg)) own.add(symbol);
        if (own.size === before) continue;
        origins.set(inst, own);
        changed = true;
      }
  }
  for (const { insts, term } of fn.blocks) {
    for (const inst of insts) {
      if (!EXPOSES.has(inst.op) && !(inst.op === 'load' && inst.volatile)) continue;
      for (const arg of inst.args) for (const symbol of of(arg)) all.add(symbol);
      for (const line of inst.asm?.lines ?? []) if (line.symbol) all.add(line.symbol.symbol);
    }
    if (term.kind === 'return' && term.value) for (const symbol of of(term.value)) all.add(symbol);
  }
}

const mayBeUnwritten = ({ variable, kept, constant }: DataObject): boolean =>
  variable !== null &&
  !kept &&
  !constant &&
  variable.attributes.section === null &&
  !variable.attributes.weak &&
  !qualifiersOf(variable.type).isVolatile &&
  qualifiersOf(variable.type).addressSpace === 0;

/** @returns objects of which every load can be answered now, though they are not const */
export function unwritten(
  functions: readonly IrFunction[],
  objects: ReadonlyMap<IrSymbol, DataObject>,
): Set<IrSymbol> {
  const found = new Set<IrSymbol>();
  for (const [symbol, object] of objects) if (mayBeUnwritten(object)) found.add(symbol);
  if (found.size === 0) return found;
  const seen = new Set<IrSymbol>();
  for (const { relocs } of objects.values()) for (const { symbol } of relocs) seen.add(symbol);
  for (const fn of functions) exposed(fn, seen);
  for (const symbol of seen) found.delete(symbol);
  return found;
}
