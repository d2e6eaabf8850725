/**
 * Replaces calls by the callee's body: always for always_inline, for internal functions that are small or
 * called from one place, never for noinline and recursion.
 *
 * Callees are finished before their callers, so what is copied is already optimised.
 */
import { EngineBug, must } from '../../shared/assert.ts';
import { Block, replaceValues, successors, termArgs } from './ir.ts';
import type { Inst, IrFunction, IrSymbol, Slot } from './ir.ts';

/** Instructions a function may have to be copied into several callers. */
const SMALL = 24;

export interface CallSites {
  /** Calls of each function, by symbol. */
  readonly calls: ReadonlyMap<IrSymbol, number>;
  /** Functions used other than by calling them. */
  readonly taken: ReadonlySet<IrSymbol>;
}

export function countCalls(functions: Iterable<IrFunction>): CallSites {
  const calls = new Map<IrSymbol, number>();
  const taken = new Set<IrSymbol>();
  const note = (symbol: IrSymbol | null | undefined): void => {
    if (symbol?.kind === 'function') taken.add(symbol);
  };
  const noteAddress = (arg: Inst): void => {
    if (arg.op === 'addr') note(arg.symbol);
  };
  for (const fn of functions) {
    for (const block of fn.blocks) {
      for (const inst of block.insts) {
        inst.args.forEach(noteAddress);
        inst.asm?.lines.forEach(({ symbol }) => note(symbol?.symbol));
        if (inst.callee?.kind === 'symbol')
          calls.set(inst.callee.symbol, (calls.get(inst.callee.symbol) ?? 0) + 1);
      }
      termArgs(block.term).forEach(noteAddress);
    }
  }
  return { calls, taken };
}

const sizeOf = (fn: IrFunction): number =>
  fn.blocks.reduce((sum, { insts }) => sum + insts.filter(({ op }) => op !== 'mark').length + 1, 0);

function wanted(callee: IrFunction, sites: CallSites): boolean {
  if (callee.inline === 'never') return false;
  if (callee.inline === 'always') return true;
  const only = callee.internal && !sites.taken.has(callee.symbol) && sites.calls.get(callee.symbol) === 1;
  return only || sizeOf(callee) <= SMALL;
}

/** Copies `callee` into `caller` in place of `call`, which stands in `block`. @returns the block after it */
function inlineCall(caller: IrFunction, block: Block, call: Inst, callee: IrFunction): Block {
  const after = caller.block();
  const at = block.insts.indexOf(call);
  after.insts = block.insts.splice(at).slice(1);
  after.term = block.term;
  after.termLoc = block.termLoc;
  for (const inst of after.insts) inst.block = after;
  for (const to of new Set(successors(after)))
    to.preds = to.preds.map((pred) => (pred === block ? after : pred));

  const blocks = new Map<Block, Block>(callee.blocks.map((from) => [from, caller.block()]));
  const slots = new Map<Slot, Slot>(
    callee.slots.map((slot) => [slot, caller.slot(slot.name, slot.size, slot.align, slot.variable)]),
  );
  const values = new Map<Inst, Inst>();
  const value = (from: Inst): Inst => {
    switch (from.op) {
      case 'const':
        return caller.const(from.width, from.imm);
      case 'frame':
        return caller.frame(must(slots.get(must(from.slot, 'slot')), 'slot'), from.off);
      case 'addr':
        return caller.addr(must(from.symbol, 'symbol'), from.off);
      case 'param':
        return must(call.args[Number(from.imm)], 'argument');
      default: {
        let to = values.get(from);
        if (!to) {
          to = caller.make(from.op, from.width, []);
          values.set(from, to);
        }
        return to;
      }
    }
  };
  // A variable that is a value is another one in each place where its function is inlined.
  const variables = new Map<Slot, Slot>();
  const markedSlot = (slot: Slot): Slot => {
    const known = variables.get(slot) ?? caller.anotherSlot(slot);
    variables.set(slot, known);
    return known;
  };
  const returns: { block: Block; value: Inst | null }[] = [];
  for (const [from, to] of blocks) {
    to.preds = from.preds.map((pred) => must(blocks.get(pred), 'block'));
    for (const inst of from.insts) {
      const copy = value(inst);
      const { id: _, block: __, args, slot, ...rest } = inst;
      Object.assign(copy, rest);
      copy.block = to;
      copy.slot = slot ? (slots.get(slot) ?? null) : null;
      copy.args = args.map(value);
      if (inst.op === 'mark') {
        copy.slot = markedSlot(must(slot, 'variable'));
        copy.shown = inst.shown && value(inst.shown);
      }
      if (copy.loc === 0) copy.loc = call.loc;
      to.insts.push(copy);
    }
    to.termLoc = from.termLoc;
    const { term } = from;
    const block = (target: Block): Block => must(blocks.get(target), 'block');
    if (term.kind === 'jump') to.term = { kind: 'jump', to: block(term.to) };
    else if (term.kind === 'branch')
      to.term = { ...term, a: value(term.a), b: value(term.b), yes: block(term.yes), no: block(term.no) };
    else if (term.kind === 'asm_goto')
      to.term = { kind: 'asm_goto', next: block(term.next), targets: term.targets.map(block) };
    else if (term.kind === 'return') {
      returns.push({ block: to, value: term.value ? value(term.value) : null });
      to.term = { kind: 'jump', to: after };
      after.preds.push(to);
    }
  }
  // Where all returns meet: an end that stands alone in a block is soon left out.
  const ends = [...slots.values()].map((slot) =>
    Object.assign(caller.make('life', 64, []), { slot, block: after }),
  );
  after.insts.unshift(...ends);
  if (caller.marks) {
    const mark = (slot: Slot, at: Block, imm: bigint): Inst =>
      Object.assign(caller.make('mark', 64, []), { slot, size: slot.size, block: at, imm });
    const inMemory = [...slots.values()].filter(({ variable }) => variable !== null);
    block.insts.push(...inMemory.map((slot) => mark(slot, block, 1n)));
    for (const { block: end } of returns)
      end.insts.push(...[...inMemory, ...variables.values()].map((slot) => mark(slot, end, 0n)));
  }
  const entry = must(blocks.get(callee.entry()), 'entry');
  block.term = { kind: 'jump', to: entry };
  block.termLoc = call.loc;
  entry.preds.push(block);
  if (entry.preds.length !== 1 && entry.insts[0]?.op === 'phi')
    throw new EngineBug(`${callee.name}: the entry is a loop`);

  if (!call.noResult && returns.length > 0) {
    const phi = caller.make(
      'phi',
      call.width,
      returns.map((from) => from.value ?? caller.const(call.width, 0n)),
    );
    phi.block = after;
    after.insts.unshift(phi);
    replaceValues(caller, new Map([[call, phi]]));
  } else if (!call.noResult) replaceValues(caller, new Map([[call, caller.const(call.width, 0n)]]));
  return after;
}

/** @returns whether anything was inlined */
export function inlineCalls(
  caller: IrFunction,
  find: (symbol: IrSymbol) => IrFunction | null,
  sites: CallSites,
): boolean {
  let any = false;
  const work = caller.blocks.slice();
  for (let block = work.shift(); block; block = work.shift()) {
    for (const inst of block.insts) {
      if (inst.callee?.kind !== 'symbol') continue;
      const callee = find(inst.callee.symbol);
      if (!callee || callee === caller || !wanted(callee, sites)) continue;
      work.unshift(inlineCall(caller, block, inst, callee));
      any = true;
      break;
    }
  }
  return any;
}

/** Functions in an order in which callees come before callers; cycles are cut somewhere. */
export function calleesFirst(functions: readonly IrFunction[]): IrFunction[] {
  const bySymbol = new Map(functions.map((fn) => [fn.symbol, fn]));
  const done = new Set<IrFunction>();
  const order: IrFunction[] = [];
  const visit = (fn: IrFunction): void => {
    if (done.has(fn)) return;
    done.add(fn);
    for (const block of fn.blocks)
      for (const { callee } of block.insts) {
        const next = callee?.kind === 'symbol' ? bySymbol.get(callee.symbol) : undefined;
        if (next) visit(next);
      }
    order.push(fn);
  };
  functions.forEach(visit);
  return order;
}
