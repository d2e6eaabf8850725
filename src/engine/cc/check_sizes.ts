/**
 * Sizes that are those of something else: of a pointer where what it points to was meant, or in the place of
 * another argument. In clang's words.
 */
import type { Expr, IntExpr } from './ast.ts';
import type { Context } from './check_context.ts';
import * as C from './ctype.ts';
import { typeText } from './ctype_text.ts';
import type { Loc, Range } from './source.ts';

/** How many arguments of it point to memory; the one behind the second is the size. */
const MEMORY: Readonly<Record<string, number>> = {
  __builtin_memset: 1,
  __builtin_memcpy: 2,
  __builtin_memmove: 2,
  __builtin_memcmp: 2,
};
const REMEDIES = {
  dereference:
    "did you mean to dereference the argument to 'sizeof' (and multiply it by the number of elements)?",
  unaddress:
    "did you mean to remove the addressof in the argument to 'sizeof' (and multiply it by the number of elements)?",
  length: 'did you mean to provide an explicit length?',
} as const;

const measured = (expr: Expr | undefined): IntExpr['measured'] =>
  expr?.kind === 'int' ? expr.measured : undefined;

/** What is written there, without parentheses around it and spaces. */
function written(context: Context, { range }: Expr): string {
  let text = context.sources.text(range).replaceAll(/\s/g, '');
  while (/^\([^()]*\)$/.test(text)) text = text.slice(1, -1);
  return text;
}

/** Behind the parentheses around it. */
function inside(context: Context, { range }: Expr): Range {
  const [open = ''] = /^[(\s]*/.exec(context.sources.text(range)) ?? [];
  return { start: range.start + open.length, end: range.end - open.length };
}

const isLiteralZero = (context: Context, expr: Expr): boolean =>
  expr.kind === 'int' && expr.value === 0n && /^0[x0]*[ul]*$/i.test(context.sources.text(expr.range));

/** `sizeof x`, `n * sizeof x` */
const isSize = (context: Context, { range }: Expr): boolean =>
  /^[(\s]*(?:[\w.>-]+\s*[*+]\s*)?sizeof\b/.test(context.sources.text(range));

/** `memset(p, sizeof(*p), 0)` */
function checkOrder(context: Context, value: Expr, size: Expr): void {
  const meant = 'did you mean to transpose the last two arguments?';
  if (isLiteralZero(context, size) && !isLiteralZero(context, value))
    context.warning('memset-transposed-args', size.range, `'size' argument to memset is '0'; ${meant}`, [
      { message: 'parenthesize the third argument to silence', range: size.range },
    ]);
  else if (isSize(context, value) && !isSize(context, size))
    context.warning(
      'memset-transposed-args',
      value.range,
      `setting buffer to a 'sizeof' expression; ${meant}`,
      [{ message: "cast the second argument to 'int' to silence", range: value.range }],
    );
}

/** `memset(p, 0, sizeof(p))` */
function checkPointers(context: Context, name: string, places: readonly Expr[], size: Expr): void {
  const of = measured(size);
  if (!of) return;
  for (const [i, place] of places.entries()) {
    const to = C.pointee(place.type);
    if (!to || C.isVoid(to) || C.unsugar(place.type).kind === 'array') continue;
    if (of.expr && written(context, of.expr) === written(context, place)) {
      const remedy =
        C.sizeOf(to) === 1 ? 'length' : place.kind === 'address_of' ? 'unaddress' : 'dereference';
      const what = `objects of type '${typeText(to)}' while the size is based on a different type '${typeText(place.type)}'`;
      const range = inside(context, of.expr);
      context.warning('sizeof-pointer-memaccess', range, `'${name}' call operates on ${what}`, [
        { message: REMEDIES[remedy], range },
      ]);
      return;
    }
    if (C.unsugar(to).kind === 'record' && C.sameType(of.type, place.type)) {
      const which = `the same pointer type '${typeText(of.type)}' as the ${i === 0 ? 'destination' : 'source'}`;
      const message = `argument to 'sizeof' in '${name}' call is ${which}; expected '${typeText(to)}' or an explicit length`;
      context.warning('sizeof-pointer-memaccess', size.range, message);
      return;
    }
  }
}

/** A call of one of the functions that take memory and its size. @param range of the call */
export function checkMemorySize(
  context: Context,
  builtin: string,
  args: readonly Expr[],
  range: Range,
): void {
  const places = Object.hasOwn(MEMORY, builtin) ? (MEMORY[builtin] ?? 0) : 0;
  const [, value, size] = args;
  if (places === 0 || !value || !size || context.unevaluated > 0) return;
  const [name = builtin] = /^\w+/.exec(context.sources.text(range)) ?? [];
  if (places === 1) checkOrder(context, value, size);
  checkPointers(context, name, args.slice(0, places), size);
}

/** `sizeof p / sizeof p[0]` of a pointer, and of an array by something that is not its element. */
export function checkSizeDivision(context: Context, left: Expr, right: Expr, at: Loc): void {
  const [of, by] = [measured(left), measured(right)];
  if (!of?.expr || !by) return;
  const { expr } = of;
  const element = C.pointee(of.type);
  const place: Range = { start: at, end: at + 1 };
  const declared = (what: string): { message: string; range: Range }[] =>
    expr.kind === 'ref'
      ? [{ message: `${what} '${expr.symbol.name}' declared here`, range: expr.symbol.range }]
      : [];
  const bare = C.unsugar(of.type);
  if (bare.kind === 'pointer' && element && !C.isPointer(by.type)) {
    if (!C.sameType(C.unqualified(element), C.unqualified(by.type))) return;
    const own = context.sources.text(left.range);
    const text = own.startsWith('sizeof')
      ? own.slice(6).trimStart()
      : `(${expr.kind === 'ref' ? expr.symbol.name : written(context, expr)})`;
    const message = `'sizeof ${text}' will return the size of the pointer, not the array itself`;
    context.warning('sizeof-pointer-div', place, message, declared('pointer'));
  } else if (bare.kind === 'array') {
    const isPlain = C.unsugar(bare.of).kind !== 'array' && C.unsugar(bare.of) !== C.CHAR;
    if (!isPlain || C.sizeOf(bare.of) === C.sizeOf(by.type)) return;
    const types = `element type is '${typeText(bare.of)}', not '${typeText(by.type)}'`;
    const message = `expression does not compute the number of elements in this array; ${types}`;
    const silence = `place parentheses around the '${context.sources.text(right.range)}' expression to silence this warning`;
    context.warning('sizeof-array-div', place, message, [
      ...declared('array'),
      { message: silence, range: place },
    ]);
  }
}
