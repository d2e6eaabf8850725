/** Format strings of the printing helpers against what is passed to them. */
import type { Expr } from './ast.ts';
import type { Context } from './check_context.ts';
import * as C from './ctype.ts';
import type { CType } from './ctype.ts';
import { typeText } from './ctype_text.ts';
import { evaluateInt } from './const_eval.ts';
import { latin1Decode } from '../../shared/utf8.ts';

/** Which argument is the format, and which says how many bytes of 8-byte values follow; null: they follow themselves. */
const HELPERS: Readonly<Record<string, readonly [format: number, bytes: number | null]>> = {
  bpf_seq_printf: [1, 4],
  bpf_snprintf: [2, 4],
  bpf_trace_vprintk: [0, 3],
  bpf_trace_printk: [0, null],
};

/** Text of a literal, or of the constant array that the macros of libbpf make of one. */
function formatText(expr: Expr | undefined): string | null {
  if (expr?.kind === 'cast') return formatText(expr.operand);
  const literal =
    expr?.kind === 'ref' && expr.symbol.kind === 'var' && expr.symbol.init?.kind === 'value'
      ? expr.symbol.init.value
      : expr;
  return literal?.kind === 'string' ? latin1Decode(literal.bytes) : null;
}

/** Type of argument `i` of the format, where it can be seen. */
function argumentType(context: Context, helper: string, args: readonly Expr[], i: number): CType | null {
  if (helper === 'bpf_trace_printk') return behindConversions(args[i + 2])?.type ?? null;
  const data = HELPERS[helper]?.[1] ?? 0;
  const array = behindConversions(args[data - 1]);
  return array?.kind === 'ref' && array.symbol.kind === 'var'
    ? (context.stored.get(array.symbol)?.get(BigInt(i)) ?? null)
    : null;
}

/** The expression as it was written, without what converts it to the parameter's type. */
function behindConversions(expr: Expr | undefined): Expr | undefined {
  return expr?.kind === 'cast' && !expr.explicit && expr.cast !== 'load'
    ? behindConversions(expr.operand)
    : expr;
}

/** `%s` prints what a pointer points to. A number that is the result of a cast was meant. */
const isAddress = (type: CType): boolean =>
  C.isPointer(type) || C.unsugar(type).kind === 'array' || (C.sizeOf(type) ?? 8) >= 8;

/** An array of `char` or a pointer to one. */
const isText = (type: CType): boolean => {
  const bare = C.unsugar(type);
  const of = bare.kind === 'array' ? bare.of : C.pointee(type);
  return of !== null && C.unsugar(of) === C.CHAR;
};

/** Says what is wrong with a call of a printing helper. */
export function checkFormat(context: Context, helper: string, args: readonly Expr[]): void {
  const [format, bytes] = (Object.hasOwn(HELPERS, helper) ? HELPERS[helper] : null) ?? [null, null];
  const text = format === null ? null : formatText(args[format]);
  const size = bytes === null ? BigInt(8 * (args.length - 2)) : args[bytes] ? evaluateInt(args[bytes]) : null;
  if (format === null || text === null || size === null) return;
  const { range } = args[format]!;
  let wanted = 0;
  for (const [, letter = ''] of text.matchAll(/%[-+ #0]*\d*(?:\.\d+)?(?:hh|h|ll|l|z)?(.?)/g)) {
    if (letter === '%') continue;
    const type = argumentType(context, helper, args, wanted);
    wanted++;
    if (type && isText(type) && 'diux'.includes(letter))
      context.warning(
        'format',
        range,
        `format specifies a number, but argument ${wanted} has type '${typeText(type)}': '%s' prints a string`,
      );
    if (type && letter === 's' && !isAddress(type))
      context.warning(
        'format',
        range,
        `format specifies a string, but argument ${wanted} has type '${typeText(type)}'`,
      );
    if (!'diuxXpsc'.includes(letter) || letter === '')
      return context.warning(
        'format-invalid-specifier',
        range,
        `invalid conversion specifier '${letter}' in a format string`,
      );
  }
  const given = Number(size) / 8;
  if (given === wanted) return;
  context.warning(
    given < wanted ? 'format-insufficient-args' : 'format-extra-args',
    range,
    given < wanted
      ? `more '%' conversions than arguments: the format takes ${wanted}, given ${given}`
      : `argument not used by the format string: it takes ${wanted}, given ${given}`,
  );
}
