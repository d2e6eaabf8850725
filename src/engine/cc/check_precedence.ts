/** Operators that bind otherwise than they look: clang's -Wparentheses, in its words. */
import type { Expr } from './ast.ts';
import type { Context } from './check_context.ts';
import * as C from './ctype.ts';
import type { Loc, Range } from './source.ts';
import type { Warning } from './warnings.ts';

const COMPARES: ReadonlySet<string> = new Set(['==', '!=', '<', '<=', '>', '>=']);
/** `&`, `^` and `|`, the tightest first. */
const BITWISE = ['&', '^', '|'];

/** An operand of a binary operator as it is written. */
export interface Operand {
  readonly expr: Expr;
  /** The binary operator that made it; null: none, or one in parentheses. */
  readonly operator: { readonly text: string; readonly loc: Loc } | null;
}

const isTruth = (expr: Expr): boolean =>
  C.isBool(expr.type) ||
  expr.kind === 'compare' ||
  expr.kind === 'logical' ||
  (expr.kind === 'unary' && expr.op === '!');

/** Does it stand between the parentheses of a macro's use? */
function isArgument({ sources }: Context, at: Loc): boolean {
  for (const start of sources.macroUses.keys()) {
    if (start >= at) continue;
    const text = sources.text({ start, end: at });
    const count = (which: string): number => text.split(which).length;
    if (/^\w+\s*\(/.test(text) && !text.includes(';') && count('(') > count(')')) return true;
  }
  return false;
}

function warn(context: Context, option: Warning, at: Loc, text: string, message: string): void {
  const range: Range = { start: at, end: at + text.length };
  if (!context.sources.macroUses.has(at)) context.warning(option, range, message);
}

/** Looks at `left op right`. @param negated where the `!` of the left operand stands, or null */
export function checkPrecedence(
  context: Context,
  op: { readonly text: string; readonly loc: Loc },
  left: Operand,
  right: Operand,
  negated: Loc | null,
): void {
  const { text } = op;
  const inner = [left.operator, right.operator].filter((each) => each !== null);
  if (negated !== null && (COMPARES.has(text) || text === '&' || text === '|') && !isTruth(right.expr)) {
    const what = COMPARES.has(text) ? 'comparison' : 'bitwise operator';
    const message = `logical not is only applied to the left hand side of this ${what}`;
    warn(context, 'logical-not-parentheses', negated, '!', message);
  }
  const isEager =
    inner.length === 2 && inner.every((each) => COMPARES.has(each.text) || BITWISE.includes(each.text));
  for (const each of inner) {
    if (BITWISE.includes(text) && COMPARES.has(each.text) && !isEager)
      warn(
        context,
        'parentheses',
        op.loc,
        text,
        `${text} has lower precedence than ${each.text}; ${each.text} will be evaluated first`,
      );
    if (
      BITWISE.includes(text) &&
      BITWISE.includes(each.text) &&
      BITWISE.indexOf(each.text) < BITWISE.indexOf(text)
    )
      warn(context, 'bitwise-op-parentheses', each.loc, each.text, `'${each.text}' within '${text}'`);
    if (text === '||' && each.text === '&&' && !isArgument(context, op.loc))
      warn(context, 'logical-op-parentheses', each.loc, '&&', "'&&' within '||'");
    if ((text === '<<' || text === '>>') && (each.text === '+' || each.text === '-')) {
      const message = `operator '${text}' has lower precedence than '${each.text}'; '${each.text}' will be evaluated first`;
      warn(context, 'shift-op-parentheses', each.loc, each.text, message);
    }
  }
}
