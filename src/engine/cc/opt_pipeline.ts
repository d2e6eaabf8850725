/** The passes, in order: each function by itself, then calls are inlined bottom up and cleaned up after. */
import { CPUS } from './cpu.ts';
import type { Cpu } from './cpu.ts';
import type { DataObject } from './lower_data.ts';
import type { IrFunction, IrSymbol, Slot } from './ir.ts';
import { replaceValues } from './ir.ts';
import type { Inst } from './ir.ts';
import { simplifyExtracts } from './opt_bits.ts';
import { removeUnreachable, simplifyGraph } from './opt_cfg.ts';
import { removeDead } from './opt_dce.ts';
import { divideUnsigned } from './opt_divide.ts';
import { shareValues } from './opt_gvn.ts';
import { calleesFirst, countCalls, inlineCalls } from './opt_inline.ts';
import { mem2reg } from './opt_mem2reg.ts';
import { dropUnwanted } from './opt_demand.ts';
import { joinParts } from './opt_parts.ts';
import { extendChoices } from './opt_phi.ts';
import { propagateConstants } from './opt_constants.ts';
import { removeOverwritten } from './opt_stores.ts';
import { mayLoop, runLoops } from './opt_rounds.ts';
import type { ReadConstant } from './opt_rounds.ts';
import { moveOutOfLoops } from './opt_loops.ts';
import { expandMemory } from './opt_memory.ts';
import { isNonNegative, simplifyAll } from './opt_simplify.ts';
import { foldTexts } from './opt_texts.ts';
import { unwritten } from './opt_unwritten.ts';
import { avoidLess, widen } from './opt_widen.ts';

type Objects = ReadonlyMap<IrSymbol, DataObject>;

/** The bytes there as a number, or null where they are not all constant. */
function constantAt(object: DataObject | undefined, at: number, size: number): bigint | null {
  if (!object?.constant || at < 0 || at + size > object.bytes.length) return null;
  if (object.relocs.some(({ off }) => off < at + size && at < off + 8)) return null;
  let value = 0n;
  for (let i = size - 1; i >= 0; i--) value = (value << 8n) | BigInt(object.bytes[at + i] ?? 0);
  return value;
}

/** Loads of constant objects become the constants. */
function foldConstantLoads(fn: IrFunction, objects: Objects): void {
  const replaced = new Map<Inst, Inst>();
  for (const block of fn.blocks)
    for (const inst of block.insts) {
      const [address] = inst.args;
      if (inst.op !== 'load' || inst.volatile || address?.op !== 'addr' || !address.symbol) continue;
      const object = objects.get(address.symbol);
      const at = address.off + inst.off;
      const pointer = object?.relocs.find(({ off }) => off === at);
      if (object?.constant && pointer && inst.size === 8) {
        replaced.set(inst, fn.addr(pointer.symbol, pointer.addend));
        continue;
      }
      const value = constantAt(object, at, inst.size);
      if (value !== null) replaced.set(inst, fn.const(inst.width, value));
    }
  replaceValues(fn, replaced);
}

const isTemporary = ({ variable }: Slot): boolean => variable === null;

/** Only optimising can say what it is, or that it can be done. */
const isOpen = ({ op, callee }: Inst, { v4 }: Cpu): boolean =>
  callee?.kind === 'pointer' ||
  callee?.kind === 'memory' ||
  callee?.kind === 'text' ||
  (!v4 && (op === 'sdiv' || op === 'smod'));

/** As far as code needs it to be code: variables stay where they are, and every statement does what it says. */
function cleanUpLittle(fn: IrFunction, objects: Objects): void {
  simplifyAll(fn);
  expandMemory(fn);
  mem2reg(fn, isTemporary);
  for (let round = 0; round < 2; round++) {
    foldConstantLoads(fn, objects);
    foldTexts(fn, objects);
    simplifyAll(fn);
    simplifyGraph(fn);
    removeDead(fn, isTemporary);
  }
}

/** Runs a pass that says which values stand for which others from now on. */
function replacing(
  fn: IrFunction,
  pass: (fn: IrFunction, replace: (from: Inst, to: Inst) => void) => void,
): void {
  const replaced = new Map<Inst, Inst>();
  pass(fn, (from, to) => replaced.set(from, to));
  replaceValues(fn, replaced);
}

function cleanUpAll(fn: IrFunction, objects: Objects): void {
  const load: ReadConstant = (symbol, off, size) => constantAt(objects.get(symbol), off, size);
  simplifyAll(fn);
  expandMemory(fn);
  mem2reg(fn);
  let before = '';
  for (let round = 0; round < 3; round++) {
    foldConstantLoads(fn, objects);
    foldTexts(fn, objects);
    simplifyAll(fn);
    expandMemory(fn);
    // An index that has become a constant leaves a slot in pieces.
    if (fn.slots.length > 0) mem2reg(fn);
    simplifyExtracts(fn);
    replacing(fn, joinParts);
    if (mayLoop(fn)) {
      replacing(fn, propagateConstants);
      replacing(fn, (_, replace) => runLoops(fn, load, replace));
      removeUnreachable(fn);
    }
    replacing(fn, dropUnwanted);
    replacing(fn, extendChoices);
    simplifyGraph(fn);
    if (divideUnsigned(fn, isNonNegative)) simplifyAll(fn);
    shareValues(fn);
    removeOverwritten(fn);
    removeDead(fn);
    const after = extentOf(fn);
    if (after === before) break;
    before = after;
  }
}

/** What shrinks when a round has found something. */
const extentOf = ({ blocks, slots }: IrFunction): string =>
  [
    blocks.length,
    slots.length,
    blocks.reduce((sum, { insts }) => sum + insts.filter(({ op }) => op !== 'mark').length, 0),
  ].join();

/** Makes of 64-bit instructions what the version of BPF has no 32-bit ones for. */
function fit(fn: IrFunction, cpu: Cpu): void {
  if (!cpu.narrow) {
    widen(fn);
    simplifyAll(fn);
    shareValues(fn);
    removeDead(fn);
  }
  if (!cpu.lessJumps) avoidLess(fn);
}

/** Cleans up once more after what turned out to be constant. */
function settleUnwritten(functions: readonly IrFunction[], objects: Objects): void {
  const found = unwritten(functions, objects);
  if (found.size === 0) return;
  const settled = new Map(objects);
  for (const symbol of found) settled.set(symbol, { ...objects.get(symbol)!, constant: true });
  const isConcerned = ({ args }: Inst): boolean =>
    args.some(({ op, symbol }) => op === 'addr' && symbol !== null && found.has(symbol));
  for (const fn of functions)
    if (fn.blocks.some(({ insts }) => insts.some(isConcerned))) cleanUpAll(fn, settled);
}

export interface OptimiseOptions {
  readonly cpu: Cpu;
  /** False: variables stay in memory, and only what must be is inlined. */
  readonly full: boolean;
}

/** @returns the functions that are left: internal ones nobody calls any more are dropped */
export function optimise(
  functions: readonly IrFunction[],
  objects: Objects,
  { cpu, full }: OptimiseOptions = { cpu: CPUS.v3, full: true },
): IrFunction[] {
  const cleanUp = full ? cleanUpAll : cleanUpLittle;
  if (!full) for (const fn of functions) if (fn.inline === 'maybe') fn.inline = 'never';
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
  const left = functions.filter((fn) => reached.has(fn.symbol));
  if (full) settleUnwritten(left, objects);
  if (full) for (const fn of left) if (mayLoop(fn)) moveOutOfLoops(fn);
  for (const fn of left) {
    if (!full && fn.blocks.some(({ insts }) => insts.some((inst) => isOpen(inst, cpu))))
      cleanUpAll(fn, objects);
    fit(fn, cpu);
  }
  return left;
}
