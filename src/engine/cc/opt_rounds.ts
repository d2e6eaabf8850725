/**
 * Loops that depend on nothing but constants are run while compiling: what they compute stands there instead.
 *
 * All their rounds together may take only so many steps; a load has to be of a constant object, and whatever
 * has an effect ends the attempt.
 */
import { reversePostOrder, successors } from './ir.ts';
import { loopsOf } from './loops.ts';
import type { Block, Inst, IrFunction, IrSymbol } from './ir.ts';
import { redirect } from './opt_cfg.ts';
import { FOLD, foldCond, isBinary } from './opt_simplify.ts';

const MOST_STEPS = 2000;

/** A number, or an address: symbol + number. */
interface Value {
  readonly symbol: IrSymbol | null;
  readonly number: bigint;
}
/** What a load of an object answers, or null when it is not constant. */
export type ReadConstant = (symbol: IrSymbol, off: number, size: number) => bigint | null;

const number = (inst: Inst, value: bigint): Value => ({
  symbol: null,
  number: BigInt.asIntN(inst.width, value),
});

class Run {
  readonly values = new Map<Inst, Value>();
  /** What was last said of each part of a variable. */
  readonly marks = new Map<string, Inst>();
  private steps = 0;
  private readonly load: ReadConstant;

  constructor(load: ReadConstant) {
    this.load = load;
  }

  private valueOf(inst: Inst): Value | null {
    if (inst.op === 'const') return { symbol: null, number: inst.imm };
    if (inst.op === 'addr') return { symbol: inst.symbol, number: BigInt(inst.off) };
    return this.values.get(inst) ?? null;
  }

  private evaluate(inst: Inst): Value | null {
    const [a, b] = inst.args.map((arg) => this.valueOf(arg));
    if (!a) return null;
    if (inst.op === 'load') {
      const at = a.symbol && !inst.volatile && !inst.relo ? Number(a.number) + inst.off : -1;
      const read = at < 0 ? null : this.load(a.symbol!, at, inst.size);
      return read === null ? null : number(inst, read);
    }
    if (isBinary(inst.op)) {
      if (!b) return null;
      const base =
        inst.op === 'add' && (a.symbol === null || b.symbol === null) ? (a.symbol ?? b.symbol) : null;
      if (base) return { symbol: base, number: a.number + b.number };
      if (a.symbol || b.symbol) return null;
      return number(inst, FOLD[inst.op](a.number, b.number, inst.width));
    }
    if (a.symbol || b?.symbol) return null;
    switch (inst.op) {
      case 'cmp':
        return b
          ? number(inst, foldCond(inst.cond, a.number, b.number, inst.args[0]!.width) ? 1n : 0n)
          : null;
      case 'zext':
        return number(inst, BigInt.asUintN(32, a.number));
      case 'trunc':
        return number(inst, a.number);
      case 'sext':
        return number(inst, BigInt.asIntN(inst.bits, a.number));
      default:
        return null;
    }
  }

  /** One block, entered from `from`. @returns where control goes, or null where that is not known */
  private block(block: Block, from: Block): Block | null {
    const came = block.preds.indexOf(from);
    const entering = block.insts
      .filter(({ op }) => op === 'phi')
      .map((phi) => [phi, this.valueOf(phi.args[came]!)] as const);
    for (const [phi, value] of entering) {
      if (!value) return null;
      this.values.set(phi, value);
    }
    for (const inst of block.insts) {
      if (inst.op === 'mark') this.marks.set(`${inst.slot?.id}:${inst.off}:${inst.size}`, inst);
      if (inst.op === 'phi' || inst.op === 'mark' || inst.op === 'life') continue;
      if (++this.steps > MOST_STEPS) return null;
      const value = this.evaluate(inst);
      if (!value) return null;
      this.values.set(inst, value);
    }
    const { term } = block;
    if (term.kind === 'jump') return term.to;
    if (term.kind !== 'branch') return null;
    const [a, b] = [this.valueOf(term.a), this.valueOf(term.b)];
    if (!a || !b || a.symbol || b.symbol) return null;
    return foldCond(term.cond, a.number, b.number, term.a.width) ? term.yes : term.no;
  }

  /** @returns the edge over which the loop is left, or null */
  loop(from: Block, head: Block, body: ReadonlySet<Block>): readonly [Block, Block] | null {
    let [before, at] = [from, head];
    while (this.steps < MOST_STEPS) {
      this.steps++;
      const next = this.block(at, before);
      if (!next) return null;
      [before, at] = [at, next];
      if (!body.has(at)) return [before, at];
    }
    return null;
  }
}

/** What the marks of a loop said last is said before its end, or that nothing is known where others come, too. */
function keepMarks(fn: IrFunction, before: Block, exit: Block, marks: readonly Inst[]): void {
  const alone = before.term.kind === 'jump';
  const block = alone ? before : exit;
  const made = marks.map(({ slot, off, size, imm, shown }) =>
    Object.assign(fn.make('mark', 64, []), { slot, off, size, imm, block, shown: alone ? shown : null }),
  );
  const body = exit.insts.findIndex(({ op }) => op !== 'phi');
  block.insts.splice(alone || body < 0 ? block.insts.length : body, 0, ...made);
}

/** @param replace is told what stands for what from now on */
export function runLoops(fn: IrFunction, load: ReadConstant, replace: (from: Inst, to: Inst) => void): void {
  for (const { head, before, body } of loopsOf(fn)) {
    const run = new Run(load);
    const left = run.loop(before, head, body);
    if (!left) continue;
    const [last, exit] = left;
    // Two edges from one block to another could not be told apart.
    if (exit.preds.includes(before)) continue;
    const at = exit.preds.indexOf(last);
    redirect(before, head, exit, (phi) => phi.args[at]!);
    keepMarks(fn, before, exit, [...run.marks.values()]);
    for (const [inst, { symbol, number: value }] of run.values)
      replace(inst, symbol ? fn.addr(symbol, Number(value)) : fn.const(inst.width, value));
    return;
  }
}

/** Whether control can come round in a function at all. */
export const mayLoop = (fn: IrFunction): boolean => {
  const seen = new Set<Block>();
  for (const block of reversePostOrder(fn)) {
    seen.add(block);
    if (successors(block).some((to) => seen.has(to))) return true;
  }
  return false;
};
