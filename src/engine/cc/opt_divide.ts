/**
 * Signed divisions that need no signed instruction, which BPF has only since v4: of values that a branch above
 * has found not to be negative, and under comparisons that can be asked of the dividend.
 *
 *     if (x < 0) return 0; return x / 7;      x is not negative where it is divided
 *     x / 4096 < 10                           x < 40960
 *     x % 2 == 0                              (x & 1) == 0
 */
import type { Block, Cond, Inst, IrFunction } from './ir.ts';
import { countUses, invertCond } from './ir.ts';
import { dominators } from './ssa.ts';
import type { DomTree } from './ssa.ts';

/** What x must at least be when `x cond constant` holds; null: that says nothing of its sign. */
function leastOf(cond: Cond, constant: bigint): bigint | null {
  if (cond === 'sgt') return constant + 1n;
  return cond === 'sge' || cond === 'eq' ? constant : null;
}

/** A branch that every way to `block` has gone says that the value is not negative. */
function foundNonNegative(value: Inst, block: Block, { idom }: DomTree): boolean {
  for (let at: Block | null | undefined = block; at; at = idom.get(at)) {
    const [from, ...others] = at.preds;
    if (others.length > 0 || from?.term.kind !== 'branch' || from.term.yes === from.term.no) continue;
    const { cond, a, b, yes } = from.term;
    if (a !== value || b.op !== 'const') continue;
    const holds = at === yes ? cond : invertCond(cond);
    const least = holds && leastOf(holds, b.imm);
    if (least !== null && least >= 0n) return true;
  }
  return false;
}

/** Remainders of powers of two of which only the question "is it 0?" is asked. */
function* wholeTests(fn: IrFunction): Generator<Inst> {
  const tests = new Map<Inst, number>();
  const note = (cond: Cond, a: Inst, b: Inst): void => {
    if ((cond === 'eq' || cond === 'ne') && b.op === 'const' && b.imm === 0n)
      tests.set(a, (tests.get(a) ?? 0) + 1);
  };
  for (const { insts, term } of fn.blocks) {
    for (const inst of insts) if (inst.op === 'cmp') note(inst.cond, inst.args[0]!, inst.args[1]!);
    if (term.kind === 'branch') note(term.cond, term.a, term.b);
  }
  const uses = countUses(fn);
  for (const [inst, count] of tests) {
    const by = inst.args[1];
    const isPower = by?.op === 'const' && by.imm > 0n && (by.imm & (by.imm - 1n)) === 0n;
    if (inst.op === 'smod' && isPower && uses.get(inst) === count) yield inst;
  }
}

/**
 * @param isNonNegative what the value itself tells
 * @returns whether a division has become unsigned
 */
export function divideUnsigned(fn: IrFunction, isNonNegative: (value: Inst) => boolean): boolean {
  const signed = fn.blocks.flatMap(({ insts }) => insts.filter(({ op }) => op === 'sdiv' || op === 'smod'));
  if (signed.length === 0) return false;
  let any = false;
  for (const inst of wholeTests(fn)) {
    inst.op = 'and';
    inst.args = [inst.args[0]!, fn.const(inst.width, inst.args[1]!.imm - 1n)];
    any = true;
  }
  const tree = dominators(fn);
  for (const inst of signed) {
    const { block } = inst;
    if (
      inst.op === 'and' ||
      !block ||
      !inst.args.every((arg) => isNonNegative(arg) || foundNonNegative(arg, block, tree))
    )
      continue;
    inst.op = inst.op === 'sdiv' ? 'udiv' : 'umod';
    any = true;
  }
  return any;
}

/** Bounds of `x / by cond k` as one comparison of x; by > 0. Division rounds towards 0. */
function dividendBound(cond: Cond, by: bigint, k: bigint): readonly [cond: Cond, bound: bigint] | null {
  if (cond === 'sgt' || cond === 'sle') return dividendBound(cond === 'sgt' ? 'sge' : 'slt', by, k + 1n);
  if (cond !== 'slt' && cond !== 'sge') return null;
  return [cond, k > 0n ? k * by : (k - 1n) * by + 1n];
}

/** `(x / c) < k` asked of x itself. */
export function simplifyDivided(
  fn: IrFunction,
  { cond, a, b }: { readonly cond: Cond; readonly a: Inst; readonly b: Inst },
): { readonly cond: Cond; readonly a: Inst; readonly b: Inst } | null {
  const [from, by] = a.args;
  if (a.op !== 'sdiv' || !from || by?.op !== 'const' || by.imm <= 0n || b.op !== 'const') return null;
  const found = dividendBound(cond, by.imm, b.imm);
  if (!found || BigInt.asIntN(a.width, found[1]) !== found[1]) return null;
  return { cond: found[0], a: from, b: fn.const(a.width, found[1]) };
}
