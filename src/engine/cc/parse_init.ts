/** Initialisers as written: values, braces and designators. What they initialise is worked out in check_init.ts. */
import { evaluateInt } from './const_eval.ts';
import type { Designator, InitItem, InitSyntax } from './check_init.ts';
import { errorExpr, isError } from './check_convert.ts';
import { rangeOf } from './parse_cursor.ts';
import type { Parser } from './parser.ts';
import { parseAssignment, parseConstant } from './parse_expr.ts';

/** Behind `=`. */
export function parseInitializer(p: Parser): InitSyntax {
  return p.is('{') ? parseInitList(p) : { kind: 'expr', expr: parseAssignment(p) };
}

/** From `{` to `}`. */
export function parseInitList(p: Parser): InitSyntax {
  const start = p.token.loc;
  return p.nest<InitSyntax>(
    () => {
      p.advance();
      const items: InitItem[] = [];
      while (!p.atEnd && !p.is('}')) {
        const before = p.mark();
        items.push({ designators: parseDesignators(p), value: parseInitializer(p) });
        if (!p.accept(',')) break;
        if (p.mark() === before) break;
      }
      if (!p.expect('}')) {
        p.recover('}', ';');
        p.accept('}');
      }
      return { kind: 'list', items, range: p.since(start) };
    },
    () => ({ kind: 'expr', expr: errorExpr(p.since(start)) }),
  );
}

/** `.a[2].b =`, or the old `a:` and `[2]` without `=`. */
function parseDesignators(p: Parser): Designator[] {
  const list: Designator[] = [];
  if (p.token.kind === 'identifier' && p.peek().text === ':' && p.peek().kind === 'punct') {
    const name = p.advance();
    p.advance();
    return [{ kind: 'member', name: name.text, range: rangeOf(name) }];
  }
  for (;;) {
    if (p.is('.') && p.peek().kind === 'identifier') {
      p.advance();
      const name = p.advance();
      list.push({ kind: 'member', name: name.text, range: rangeOf(name) });
    } else if (p.is('[')) {
      const start = p.advance().loc;
      const low = index(p);
      const high = p.accept('...') ? index(p) : low;
      p.expect(']');
      list.push({ kind: 'index', low, high, range: p.since(start) });
    } else break;
  }
  const isOldIndex = list.length === 1 && list[0]?.kind === 'index';
  if (list.length > 0 && !p.accept('=') && !isOldIndex) p.expect('=', ' after the designator');
  return list;
}

function index(p: Parser): number {
  const start = p.token.loc;
  const expr = parseConstant(p);
  const value = isError(expr) ? 0n : evaluateInt(expr);
  if (value === null) p.context.error(p.since(start), 'an array designator must be constant');
  return Number(value ?? 0n);
}
