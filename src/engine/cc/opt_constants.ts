/**
 * Constants through loops. Every value is taken for a constant, and every branch for one that is never taken,
 * until something says otherwise (Wegman and Zadeck: sparse conditional constant propagation). So a loop
 * whose rounds have all been written out above it turns out never to be entered: what would change its
 * counter is in its body.
 */
import { reversePostOrder, successors } from './ir.ts';
import type { Block, Inst, IrFunction } from './ir.ts';
import { FOLD, foldCond, isBinary } from './opt_simplify.ts';

/** A constant, or null: anything. What has no entry has not been reached. */
type Known = Map<Inst, bigint | null>;

class Propagation {
  readonly known: Known = new Map();
  private readonly edges = new Set<string>();
  private readonly reached = new Set<Block>();
  private changed = true;

  private valueOf(inst: Inst): bigint | null | undefined {
    return inst.op === 'const' ? inst.imm : inst.args.length === 0 ? null : this.known.get(inst);
  }

  private evaluate(inst: Inst): bigint | null | undefined {
    const args = inst.args.map((arg) => this.valueOf(arg));
    if (args.includes(undefined)) return undefined;
    const [a, b] = args as (bigint | null)[];
    if (a === null || a === undefined || b === null) return null;
    const fit = (value: bigint): bigint => BigInt.asIntN(inst.width, value);
    if (isBinary(inst.op) && b !== undefined) return fit(FOLD[inst.op](a, b, inst.width));
    switch (inst.op) {
      case 'cmp':
        return foldCond(inst.cond, a, b!, inst.args[0]!.width) ? 1n : 0n;
      case 'zext':
        return BigInt.asUintN(32, a);
      case 'trunc':
        return fit(a);
      case 'sext':
        return BigInt.asIntN(inst.bits, a);
      default:
        return null;
    }
  }

  private meet(phi: Inst, block: Block): bigint | null | undefined {
    let all: bigint | null | undefined;
    for (const [i, pred] of block.preds.entries()) {
      if (!this.edges.has(`${pred.id}:${block.id}`)) continue;
      const one = this.valueOf(phi.args[i]!);
      if (one === undefined) continue;
      if (one === null || (all !== undefined && all !== one)) return null;
      all = one;
    }
    return all;
  }

  private reach(from: Block, to: Block): void {
    const edge = `${from.id}:${to.id}`;
    if (this.edges.has(edge)) return;
    this.edges.add(edge);
    this.reached.add(to);
    this.changed = true;
  }

  private visit(block: Block): void {
    for (const inst of block.insts) {
      if (this.known.get(inst) === null) continue;
      const value = inst.op === 'phi' ? this.meet(inst, block) : this.evaluate(inst);
      if (value === undefined || value === this.known.get(inst)) continue;
      this.known.set(inst, value);
      this.changed = true;
    }
    const { term } = block;
    if (term.kind !== 'branch') {
      for (const to of successors(block)) this.reach(block, to);
      return;
    }
    const [a, b] = [this.valueOf(term.a), this.valueOf(term.b)];
    if (a === undefined || b === undefined) return;
    const open = a === null || b === null;
    const taken = !open && foldCond(term.cond, a, b, term.a.width);
    if (open || taken) this.reach(block, term.yes);
    if (open || !taken) this.reach(block, term.no);
  }

  run(fn: IrFunction): void {
    const order = reversePostOrder(fn);
    this.reached.add(fn.entry());
    while (this.changed) {
      this.changed = false;
      for (const block of order) if (this.reached.has(block)) this.visit(block);
    }
  }
}

/** @param replace is told what stands for what from now on */
export function propagateConstants(fn: IrFunction, replace: (from: Inst, to: Inst) => void): void {
  const propagation = new Propagation();
  propagation.run(fn);
  for (const [inst, value] of propagation.known)
    if (value !== null) replace(inst, fn.const(inst.width, value));
}
