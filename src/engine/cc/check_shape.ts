/**
 * Statements that are other than they look on the page: bodies that are a lone `;`, an `else` or a line that
 * belongs to another `if` than its place says. What macros write is theirs.
 */
import type { Expr, Stmt } from './ast.ts';
import type { Context, OpenSwitch } from './check_context.ts';
import { unsugar } from './ctype.ts';
import type { Loc, Range } from './source.ts';

const isMacro = (context: Context, loc: Loc): boolean => context.sources.macroUses.has(loc);
const columnOf = (context: Context, { range }: Stmt): number => context.sources.position(range.start).column;
const lineOf = (context: Context, loc: Loc): number => context.sources.position(loc).line;

/** `if (x);` with the semicolon on the line of the condition. @param close behind the condition */
export function checkEmptyThen(context: Context, close: Loc, then: Stmt): void {
  const { range } = then;
  if (then.kind !== 'empty' || isMacro(context, range.start)) return;
  if (lineOf(context, close - 1) === lineOf(context, range.start))
    context.warning(
      'empty-body',
      range,
      'if statement has empty body: put the semicolon on a line of its own if that is meant',
    );
}

/** The else that ends a statement without braces, or null. */
function trailingElse(context: Context, stmt: Stmt): Range | null {
  if (stmt.kind === 'for' || stmt.kind === 'while') return trailingElse(context, stmt.body);
  if (stmt.kind !== 'if' || stmt.otherwise === null) return null;
  const between = { start: stmt.then.range.end, end: stmt.otherwise.range.start };
  const at = between.start + context.sources.text(between).indexOf('else');
  return at < between.start ? stmt.otherwise.range : { start: at, end: at + 4 };
}

/** `if (a) if (b) x; else y;` */
export function checkDanglingElse(context: Context, then: Stmt): void {
  const range = trailingElse(context, then);
  if (range && !isMacro(context, range.start))
    context.warning(
      'dangling-else',
      range,
      "add explicit braces to avoid dangling else: it belongs to the inner 'if'",
    );
}

const guarded = (stmt: Stmt): Stmt | null => {
  if (stmt.kind === 'if') return stmt.otherwise ?? stmt.then;
  return stmt.kind === 'for' || stmt.kind === 'while' ? stmt.body : null;
};

/** Two statements of a block, one behind the other. */
export function checkNeighbours(context: Context, stmt: Stmt, next: Stmt): void {
  const body = guarded(stmt);
  if (!body || body.kind === 'block' || [stmt, next, body].some(({ range }) => isMacro(context, range.start)))
    return;
  const [outer, after] = [columnOf(context, stmt), columnOf(context, next)];
  if (body.kind === 'empty') {
    const isLoop = stmt.kind === 'for' || stmt.kind === 'while';
    const sameLine = lineOf(context, body.range.start) === lineOf(context, stmt.range.start);
    if (isLoop && sameLine && (next.kind === 'block' || after > outer))
      context.warning('empty-body', body.range, `${stmt.kind} loop has empty body: its semicolon ends it`);
    return;
  }
  const apart = lineOf(context, next.range.start) > lineOf(context, body.range.start);
  const below = lineOf(context, body.range.start) > lineOf(context, stmt.range.start);
  if (apart && below && after > outer && after === columnOf(context, body)) {
    const word = stmt.kind === 'if' && stmt.otherwise ? 'else' : stmt.kind;
    const message = `misleading indentation; statement is not part of the previous '${word}': braces would make it so`;
    context.warning('misleading-indentation', next.range, message);
  }
}

/** A switch over an enum has a case for each enumerator, or a default. */
export function checkCases(context: Context, value: Expr, { cases, defaultCase }: OpenSwitch): void {
  const type = unsugar(value.type);
  if (type.kind !== 'enum' || defaultCase) return;
  const without = (type.body?.enumerators ?? []).filter(
    (each) => !cases.some(({ low, high }) => low <= each.value && each.value <= high),
  );
  const names = without.map(({ name }) => `'${name}'`);
  const [a, b, c] = names;
  if (a === undefined) return;
  const missing =
    names.length > 3
      ? `${names.length} enumeration values not handled in switch: ${a}, ${b}, ${c}...`
      : names.length === 1
        ? `enumeration value ${a} not handled in switch`
        : `enumeration values ${c === undefined ? `${a} and ${b}` : `${a}, ${b}, and ${c}`} not handled in switch`;
  context.warning('switch', value.range, missing);
}
