/** Constants that do not fit where they go, and conditions that are always the same: as clang warns of them. */
import type { CompareOp, Expr } from './ast.ts';
import type { Context } from './check_context.ts';
import { compareInts, convertInt } from './const_eval.ts';
import * as C from './ctype.ts';
import type { CType, IntType } from './ctype.ts';
import { typeText } from './ctype_text.ts';
import type { Loc, Range } from './source.ts';

/** Bits that a value needs: with its sign when it is negative. */
const bitsOf = (value: bigint): number =>
  value < 0n ? (-value - 1n).toString(2).length + 1 : value.toString(2).length;

/** Does a constant change otherwise than in its sign when it becomes `to`? */
function changes(value: bigint, from: IntType, to: IntType): boolean {
  const width = to.size * 8;
  const bits = bitsOf(value);
  if (bits > width) return true;
  return bits === width && to.signed && from.signed && value > 0n && from.size > to.size;
}

/** A constant is stored in, passed as or returned as an integer of type `type`. */
export function checkConstant(context: Context, value: Expr, type: CType): void {
  const from = C.integerOf(value.type);
  const to = C.integerOf(type);
  if (value.kind !== 'int' || !from || !to || C.isBool(type) || context.unevaluated > 0) return;
  if (!changes(value.value, from, to)) return;
  const became = convertInt(value.value, to);
  const what = `from '${typeText(value.type)}' to '${typeText(type)}'`;
  const message = `implicit conversion ${what} changes value from ${value.value} to ${became}`;
  context.warning('constant-conversion', value.range, message);
}

/** A bit-field that is stored to; `at`: where messages say so. */
export interface BitField {
  readonly bits: number;
  readonly at: Loc;
}

/** A constant is stored in a bit-field. @returns whether it changes */
export function checkFieldConstant(
  context: Context,
  value: Expr,
  type: CType,
  { bits, at }: BitField,
): boolean {
  const to = C.integerOf(type);
  const from = C.integerOf(value.type);
  if (value.kind !== 'int' || !from || !to || C.isBool(type) || context.unevaluated > 0) return false;
  // `-1` and `~0` are meant to fill it.
  const isFill = /^[-~]/.test(context.sources.text(value.range));
  if (isFill && bitsOf(BigInt.asIntN(from.size * 8, value.value)) <= bits) return false;
  if (from.size * 8 <= bits) return false;
  const became = to.signed ? BigInt.asIntN(bits, value.value) : BigInt.asUintN(bits, value.value);
  if (became === value.value) return false;
  const isOne = bits === 1 && value.value === 1n;
  const where = isOne ? 'a one-bit wide bit-field' : 'bit-field';
  const message = `implicit truncation from '${typeText(value.type)}' to ${where} changes value from ${value.value} to ${became}`;
  const option = isOne ? 'single-bit-bitfield-constant-conversion' : 'bitfield-constant-conversion';
  context.warning(option, { start: at, end: Math.max(at + 1, value.range.end) }, message);
  return true;
}

const variableOf = (expr: Expr): object | null => {
  if (expr.kind === 'cast' && !expr.explicit) return variableOf(expr.operand);
  return expr.kind === 'ref' ? expr.symbol : null;
};

/** The integer type an operand was written with: its conversions taken off. */
const writtenType = (expr: Expr): IntType | null =>
  expr.kind === 'cast' && !expr.explicit && expr.cast === 'int'
    ? writtenType(expr.operand)
    : C.integerOf(expr.type);

/** Both are as they are compared. */
export function checkSameAlways(
  context: Context,
  op: CompareOp,
  left: Expr,
  right: Expr,
  range: Range,
): void {
  if (context.unevaluated > 0 || context.sources.macroUses.has(range.start)) return;
  const variable = variableOf(left);
  if (variable && variable === variableOf(right) && !C.qualifiersOf(left.type).isVolatile) {
    const truth = op === '==' || op === '<=' || op === '>=';
    context.warning('tautological-compare', range, `self-comparison always evaluates to ${truth}`);
    return;
  }
  const [value, constant] = right.kind === 'int' ? [left, right] : [right, left];
  if (constant.kind !== 'int' || value.kind === 'int') return;
  const type = writtenType(value);
  const compared = C.integerOf(constant.type);
  if (!type || !compared || type === C.BOOL || type.size >= compared.size) return;
  const least = type.signed ? -(2n ** BigInt(type.size * 8 - 1)) : 0n;
  const most = 2n ** BigInt(type.size * 8 - (type.signed ? 1 : 0)) - 1n;
  if (constant.value >= least && constant.value <= most) return;
  const truth =
    constant === right ? compareInts(op, least, constant.value) : compareInts(op, constant.value, least);
  const what = `constant ${constant.value} with expression of type '${type.name}'`;
  const message = `result of comparison of ${what} is always ${truth}`;
  context.warning('tautological-constant-out-of-range-compare', range, message);
}

/** Something that is no number and no pointer variable stands where a condition is wanted. */
export function checkTruth(context: Context, written: Expr): void {
  const place = written.kind === 'address_of' ? written.operand : written;
  const isArray =
    C.unsugar(place.type).kind === 'array' && written.kind !== 'address_of' && place.kind !== 'string';
  const named = place.kind === 'ref' ? place.symbol : null;
  const isFunction = named?.kind === 'func';
  if (context.unevaluated > 0 || named?.attributes.weak || named?.builtin) return;
  if (context.sources.macroUses.has(written.range.start)) return;
  if (!isArray && !isFunction && (written.kind !== 'address_of' || named?.kind !== 'var')) return;
  const what = isFunction ? 'function ' : isArray ? 'array ' : '';
  const text = context.sources.text(place.range);
  const message = `address of ${what}'${text}' will always evaluate to 'true'`;
  context.warning('pointer-bool-conversion', written.range, message);
}

/** `(int)pointer` and `(void *)number` of another size. */
export function checkCast(context: Context, value: Expr, type: CType, range: Range): void {
  const [from, to] = [C.integerOf(value.type), C.integerOf(type)];
  const text = `'${typeText(type)}' from smaller integer type '${typeText(value.type)}'`;
  if (C.isPointer(value.type) && to && to !== C.BOOL && to.size < 8)
    context.warning(
      'pointer-to-int-cast',
      range,
      `cast to smaller integer type '${typeText(type)}' from '${typeText(value.type)}'`,
    );
  else if (C.isPointer(type) && from && from.size < 8 && from !== C.BOOL && value.kind !== 'int')
    context.warning(
      C.isVoid(C.pointee(type) ?? C.INT) ? 'int-to-void-pointer-cast' : 'int-to-pointer-cast',
      range,
      `cast to ${text}`,
    );
}
