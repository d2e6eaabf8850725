/**
 * Floating constants: BPF has no floating point, but what is constant is folded, and can become an integer:
 * `10E9 / 2`, `-1e9`, `(int)(0.5 * 3)`. Computed as double.
 */
import type { ArithmeticOp, Expr, IntExpr } from './ast.ts';
import { intExpr } from './check_convert.ts';
import { DOUBLE, isInteger } from './ctype.ts';
import type { Loc, Range } from './source.ts';

/** A floating constant; null when no integer is near. */
export const floatExpr = (real: number, range: Range): IntExpr | null =>
  Number.isFinite(real) ? { ...intExpr(BigInt(Math.trunc(real)), DOUBLE, range), real } : null;

/** The value of a constant that floating arithmetic may take. */
function realOf(expr: Expr): number | null {
  if (expr.kind !== 'int') return null;
  return expr.real ?? (isInteger(expr.type) ? Number(expr.value) : null);
}

const OPS: Partial<Readonly<Record<ArithmeticOp, (a: number, b: number) => number>>> = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  '/': (a, b) => a / b,
};

/** `left op right` where one of them is floating; null: it cannot be folded. */
export function foldFloats(op: ArithmeticOp, left: Expr, right: Expr, range: Range, at: Loc): Expr | null {
  const [a, b] = [realOf(left), realOf(right)];
  const isFloating = [left, right].some((expr) => expr.kind === 'int' && expr.real !== undefined);
  const compute = OPS[op];
  if (!isFloating || a === null || b === null || !compute) return null;
  const folded = floatExpr(compute(a, b), range);
  return folded && { ...folded, loc: at };
}

/** `-x` and `+x` of a floating constant; null: it is none. */
export const foldFloatSign = (op: string, expr: Expr, range: Range): Expr | null =>
  expr.kind !== 'int' || expr.real === undefined || (op !== '-' && op !== '+')
    ? null
    : floatExpr(op === '-' ? -expr.real : expr.real, range);
