/**
 * `#pragma unroll`: how many copies of a loop's body are made. A loop that counts from a constant to a constant
 * is run here, on its counter alone; that its body leaves the counter alone need not be known, because every
 * copy keeps its test and the loop itself stays behind the last one. Optimising drops what is never reached.
 */
import type { Expr, Stmt, UnrollHint, VarSymbol } from './ast.ts';
import { wrapInt } from './const_eval.ts';
import { integerOf } from './ctype.ts';
import type { Sizes } from './lower_size.ts';

/** More copies than anybody reads. */
const MOST_COPIES = 4096n;
/** What `#pragma unroll` may become, in instructions; beyond it as many copies are made as clang would. */
const MOST_UNROLLED = 32_768;
const ROOM = 16_384;

/** An integer expression over one variable and constants, or null. */
function evaluate(expr: Expr, counter: VarSymbol, value: bigint): bigint | null {
  switch (expr.kind) {
    case 'int':
      return expr.value;
    case 'cast': {
      if (expr.cast === 'load')
        return expr.operand.kind === 'ref' && expr.operand.symbol === counter ? value : null;
      const int = integerOf(expr.type);
      const operand = evaluate(expr.operand, counter, value);
      return operand === null || !int ? null : wrapInt(operand, int);
    }
    case 'compare': {
      const a = evaluate(expr.left, counter, value);
      const b = evaluate(expr.right, counter, value);
      if (a === null || b === null) return null;
      const holds = { '<': a < b, '<=': a <= b, '>': a > b, '>=': a >= b, '==': a === b, '!=': a !== b };
      return holds[expr.op] ? 1n : 0n;
    }
    default:
      return null;
  }
}

/** What `i++` or `i += 2` adds to `counter`, or null. */
function stepOf(expr: Expr, counter: VarSymbol): bigint | null {
  if (expr.kind !== 'inc_dec' && expr.kind !== 'compound_assign') return null;
  if (expr.target.kind !== 'ref' || expr.target.symbol !== counter) return null;
  if (expr.kind === 'inc_dec') return expr.op === '++' ? 1n : -1n;
  const by = evaluate(expr.value, counter, 0n);
  return by === null || (expr.op !== '+' && expr.op !== '-') ? null : expr.op === '+' ? by : -by;
}

/** The variable that a loop starts with a value, and the value. */
function startOf(init: readonly Stmt[]): { counter: VarSymbol; value: bigint } | null {
  const last = init.at(-1);
  const [counter, from] =
    last?.kind === 'decl'
      ? [last.symbol, last.symbol.init?.kind === 'value' ? last.symbol.init.value : null]
      : last?.kind === 'expr' && last.expr.kind === 'assign' && last.expr.target.kind === 'ref'
        ? [last.expr.target.symbol, last.expr.value]
        : [null, null];
  if (counter?.kind !== 'var' || !from) return null;
  const value = evaluate(from, counter, 0n);
  return value === null ? null : { counter, value };
}

/** How often the body runs, or null when that is not known or too often. */
function tripCount(stmt: Extract<Stmt, { kind: 'for' }>): number | null {
  const start = startOf(stmt.init);
  const { condition, step } = stmt;
  if (!start || !condition || !step) return null;
  const { counter } = start;
  const by = stepOf(step, counter);
  const int = integerOf(counter.type);
  if (by === null || !int) return null;
  let { value } = start;
  for (let count = 0n; count <= MOST_COPIES; count++) {
    const again = evaluate(condition, counter, value);
    if (again === null) return null;
    if (again === 0n) return Number(count);
    value = wrapInt(value + by, int);
  }
  return null;
}

/** True when a statement holds a label that something outside it may name: two copies would be two labels. */
function hasLabel(node: Stmt | null, inSwitch = false): boolean {
  switch (node?.kind) {
    case 'label':
      return true;
    case 'case':
    case 'default':
      return !inSwitch || hasLabel(node.body, inSwitch);
    case 'block':
      return node.body.some((inner) => hasLabel(inner, inSwitch));
    case 'if':
      return hasLabel(node.then, inSwitch) || hasLabel(node.otherwise, inSwitch);
    case 'while':
    case 'do':
    case 'for':
      return hasLabel(node.body, inSwitch);
    case 'switch':
      return hasLabel(node.body, true);
    case 'expr':
      return node.expr.kind === 'stmt_expr' && hasLabel(node.expr.body, inSwitch);
    default:
      return false;
  }
}

export type Loop = Extract<Stmt, { readonly unroll: UnrollHint }>;

/** What is to become of a loop. */
export interface Unrolling {
  /** Copies of the body; 1: none. */
  readonly copies: number;
  /** The copies are all rounds there are; else they are one round of a loop. */
  readonly full: boolean;
  /** Asked for, and not possible: why. */
  readonly refused: string | null;
}

/** The most copies there is room for that divide the rounds without a rest. */
function copiesThatFit(trips: number, size: number): number {
  let copies = Math.min(trips, Math.floor(ROOM / size));
  while (copies > 1 && trips % copies !== 0) copies--;
  return copies;
}

export function unrolling(stmt: Loop, sizes: Sizes): Unrolling {
  const { unroll } = stmt;
  const none = (refused: string | null): Unrolling => ({ copies: 1, full: false, refused });
  if (unroll === 'none' || unroll === 'disable') return none(null);
  if (hasLabel(stmt.body)) return none('loop not unrolled: there is a label in it');
  const trips = stmt.kind === 'for' ? tripCount(stmt) : null;
  if (unroll === 'enable' && trips !== null) {
    const size = Math.max(1, sizes.of(stmt.body));
    const copies = trips * size > MOST_UNROLLED ? copiesThatFit(trips, size) : trips;
    return copies > 1 || copies === trips
      ? { copies, full: copies === trips, refused: null }
      : none('loop not unrolled: it is too large');
  }
  if (trips !== null && (typeof unroll === 'string' || trips <= unroll))
    return { copies: trips, full: true, refused: null };
  if (typeof unroll === 'string') return none('loop not unrolled: how often it runs is not a constant');
  return { copies: Math.min(unroll, Number(MOST_COPIES)), full: false, refused: null };
}
