/** Does control reach the end of a function that should have returned a value? */
import type { Expr, Stmt } from './ast.ts';
import { evaluateInt } from './const_eval.ts';

const isTrue = (condition: Expr | null): boolean => {
  const value = condition === null ? 1n : evaluateInt(condition);
  return value !== null && value !== 0n;
};
const isFalse = (condition: Expr): boolean => evaluateInt(condition) === 0n;

/** A `break` that leaves the loop or switch around it. */
function breaks(stmt: Stmt): boolean {
  switch (stmt.kind) {
    case 'break':
      return true;
    case 'block':
      return stmt.body.some(breaks);
    case 'if':
      return breaks(stmt.then) || (stmt.otherwise !== null && breaks(stmt.otherwise));
    case 'case':
    case 'default':
    case 'label':
      return breaks(stmt.body);
    default:
      return false;
  }
}

function neverReturns(expr: Expr): boolean {
  if (expr.kind === 'builtin') return expr.builtin.name === 'unreachable' || expr.builtin.name === 'trap';
  if (expr.kind === 'cast') return neverReturns(expr.operand);
  if (expr.kind === 'stmt_expr') return !completes(expr.body);
  return expr.kind === 'call' && expr.callee.kind === 'function' && expr.callee.symbol.attributes.noreturn;
}

/** Can control get behind the statement? What a label stands at can be reached. */
export function completes(stmt: Stmt): boolean {
  switch (stmt.kind) {
    case 'block': {
      let open = true;
      for (const inner of stmt.body) open = (open || isTarget(inner)) && completes(inner);
      return open;
    }
    case 'return':
    case 'goto':
    case 'break':
    case 'continue':
      return false;
    case 'expr':
      return !neverReturns(stmt.expr);
    case 'if':
      if (isTrue(stmt.condition)) return completes(stmt.then);
      if (stmt.otherwise === null || isFalse(stmt.condition))
        return stmt.otherwise === null || completes(stmt.otherwise);
      return completes(stmt.then) || completes(stmt.otherwise);
    case 'while':
    case 'for':
      return !isTrue(stmt.condition) || breaks(stmt.body);
    case 'do':
      return !isTrue(stmt.condition) || breaks(stmt.body);
    case 'switch':
      return stmt.defaultCase === null || breaks(stmt.body) || completes(stmt.body);
    case 'case':
    case 'default':
    case 'label':
      return completes(stmt.body);
    default:
      return true;
  }
}

const isTarget = ({ kind }: Stmt): boolean => kind === 'label' || kind === 'case' || kind === 'default';
