/** Expression statements that do nothing: `a == b;` where `a = b;` was meant. */
import type { Expr } from './ast.ts';
import type { Context } from './check_context.ts';
import { isVoid, qualifiersOf } from './ctype.ts';

/** Does evaluating the expression do anything? */
function acts(expr: Expr): boolean {
  if (qualifiersOf(expr.type).isVolatile || isVoid(expr.type)) return true;
  switch (expr.kind) {
    case 'int':
    case 'string':
    case 'ref':
    case 'compare':
    case 'binary':
    case 'unary':
    case 'pointer_add':
    case 'pointer_diff':
      return false;
    case 'member':
      return acts(expr.base);
    case 'deref':
    case 'address_of':
    case 'cast':
      return acts(expr.operand);
    case 'logical':
    case 'comma':
      return acts(expr.right);
    default:
      return true;
  }
}

/** Warns of a value that nobody uses; what macros leave behind is theirs. */
export function checkUnused(context: Context, expr: Expr): void {
  if (acts(expr)) return;
  const { start, end } = expr.range;
  for (const at of context.sources.macroUses.keys()) if (at >= start && at < end) return;
  const option = expr.kind === 'compare' ? 'unused-comparison' : 'unused-value';
  const what = expr.kind === 'compare' ? `the result of '${expr.op}'` : 'the value of this expression';
  const assigned = expr.kind === 'compare' && expr.op === '==' ? "; did you mean to use '='?" : '';
  context.warning(option, expr.range, `${what} is not used${assigned}`);
}
