/**
 * Conversions: how a place becomes a value, which type two operands share, what may be assigned to what.
 * Every conversion that C makes by itself is written into the tree here.
 *
 * Source: C11 6.3 and 6.5.16.1; which mistakes are errors and which warnings is clang 19's choice.
 */
import type { CastExpr, CastKind, Expr, IntExpr } from './ast.ts';
import * as C from './ctype.ts';
import type { CType, IntType } from './ctype.ts';
import { typeText } from './ctype_text.ts';
import { convertInt } from './const_eval.ts';
import { noFloats } from './check_context.ts';
import type { Context } from './check_context.ts';
import { checkCast, checkConstant, checkFieldConstant, checkTruth } from './check_value.ts';
import type { BitField } from './check_value.ts';
import type { Range } from './source.ts';

export const isError = (expr: Expr): boolean => expr.kind === 'error';
export const errorExpr = (range: Range): Expr => ({ kind: 'error', type: C.INT, range, loc: range.start });

export const intExpr = (value: bigint, type: CType, range: Range): IntExpr => ({
  kind: 'int',
  value,
  enumerator: null,
  type,
  range,
  loc: range.start,
});

/** True for nodes that stand for a place in memory. */
export function isLvalue(expr: Expr): boolean {
  switch (expr.kind) {
    case 'ref':
      return expr.symbol.kind === 'var';
    case 'deref':
    case 'index':
    case 'string':
    case 'compound_literal':
      return C.unsugar(expr.type).kind !== 'function';
    case 'member':
      return isLvalue(expr.base);
    default:
      return false;
  }
}

export const makeCast = (cast: CastKind, operand: Expr, type: CType, explicit = false): CastExpr => ({
  kind: 'cast',
  cast,
  operand,
  explicit,
  type,
  range: operand.range,
  loc: operand.loc,
});

/** The value of an expression: places are read, arrays and functions become pointers. */
export function rvalue(expr: Expr): Expr {
  if (isError(expr)) return expr;
  const bare = C.unsugar(expr.type);
  if (bare.kind === 'array') return makeCast('array_decay', expr, C.pointerTo(bare.of));
  if (bare.kind === 'function') return makeCast('function_decay', expr, C.pointerTo(expr.type));
  return isLvalue(expr) ? makeCast('load', expr, C.unqualified(expr.type)) : expr;
}

/** The width of the bit-field that a value was read from or stored to, or null. */
function bitFieldWidth(expr: Expr): number | null {
  switch (expr.kind) {
    case 'member':
      return expr.bitSize;
    case 'cast':
      return expr.cast === 'load' ? bitFieldWidth(expr.operand) : null;
    case 'assign':
    case 'compound_assign':
      return bitFieldWidth(expr.target);
    case 'inc_dec':
      return expr.prefix ? bitFieldWidth(expr.target) : null;
    case 'comma':
      return bitFieldWidth(expr.right);
    case 'shared':
      return bitFieldWidth(expr.operand);
    default:
      return null;
  }
}

/** The type an integer operand has after promotion. A bit-field that fits into int is one, whatever it was declared as. */
function promotedType(expr: Expr, type: IntType): IntType {
  const width = bitFieldWidth(expr);
  if (width !== null && width <= 32) return width < 32 || type.signed ? C.INT : C.UINT;
  return type.rank < C.INT.rank ? C.INT : type;
}

/** Integer promotion of a value; other values stay. */
export function promote(expr: Expr): Expr {
  const type = C.integerOf(expr.type);
  if (!type || isError(expr)) return expr;
  return convertInteger(expr, promotedType(expr, type));
}

/** Converts an integer value to an integer type; constants at once. */
export function convertInteger(expr: Expr, type: CType, explicit = false): Expr {
  const from = C.integerOf(expr.type);
  const to = C.integerOf(type);
  if (!from || !to) return expr;
  if (expr.kind === 'int' && expr.type === type) return expr;
  if (expr.kind === 'int')
    return { ...expr, value: convertInt(expr.value, type), type, enumerator: expr.enumerator };
  if (from === to)
    return C.unsugar(expr.type) === C.unsugar(type) ? expr : makeCast('noop', expr, type, explicit);
  if (to === C.BOOL) return makeCast('to_bool', expr, type, explicit);
  return makeCast('int', expr, type, explicit);
}

/** The type both operands of an arithmetic operator get. */
export function commonType(left: IntType, right: IntType): IntType {
  if (left === right) return left;
  if (left.signed === right.signed) return left.rank >= right.rank ? left : right;
  const [u, s] = left.signed ? [right, left] : [left, right];
  if (u.rank >= s.rank) return u;
  if (s.size > u.size) return s;
  return s.rank === C.LLONG.rank ? C.ULLONG : s.rank === C.LONG.rank ? C.ULONG : C.UINT;
}

/** The usual arithmetic conversions on two integer values. */
export function arithmeticPair(left: Expr, right: Expr): { left: Expr; right: Expr; type: IntType } {
  const a = promote(left);
  const b = promote(right);
  const type = commonType(C.integerOf(a.type) ?? C.INT, C.integerOf(b.type) ?? C.INT);
  return { left: convertInteger(a, type), right: convertInteger(b, type), type };
}

/** 0, or 0 cast to void *. */
export function isNullConstant(expr: Expr): boolean {
  if (expr.kind === 'int') return expr.value === 0n;
  return (
    expr.kind === 'cast' &&
    expr.operand.kind === 'int' &&
    expr.operand.value === 0n &&
    (expr.cast === 'int_to_pointer' || expr.cast === 'pointer') &&
    C.isVoid(C.pointee(expr.type) ?? C.INT)
  );
}

/** Converts a scalar value to another scalar type without asking whether C allows it implicitly. */
export function convertScalar(expr: Expr, type: CType, explicit = false): Expr {
  if (isError(expr)) return expr;
  const from = C.unsugar(expr.type);
  const to = C.unsugar(type);
  if (to.kind === 'void') return makeCast('to_void', expr, type, explicit);
  if (to === C.BOOL && from.kind === 'pointer') return makeCast('to_bool', expr, type, explicit);
  if (C.isInteger(expr.type) && C.isInteger(type)) return convertInteger(expr, type, explicit);
  if (from.kind === 'pointer' && to.kind === 'pointer')
    return C.sameType(expr.type, type) && !explicit ? expr : makeCast('pointer', expr, type, explicit);
  if (from.kind === 'pointer') return makeCast('pointer_to_int', expr, type, explicit);
  if (to.kind === 'pointer') return makeCast('int_to_pointer', expr, type, explicit);
  return expr;
}

/** What is being done when a value is converted: the words of a message. */
export type Purpose =
  | { readonly kind: 'returning' }
  | { readonly kind: 'assigning' | 'initializing'; readonly field: BitField | null }
  | { readonly kind: 'passing'; readonly param: string };

function purposeText(purpose: Purpose, from: CType, to: CType): string {
  const [a, b] = [`'${typeText(from)}'`, `'${typeText(to)}'`];
  switch (purpose.kind) {
    case 'assigning':
      return `assigning to ${b} from ${a}`;
    case 'initializing':
      return `initializing ${b} with an expression of type ${a}`;
    case 'returning':
      return `returning ${a} from a function with result type ${b}`;
    case 'passing':
      return `passing ${a} to parameter ${purpose.param === '' ? '' : `'${purpose.param}' `}of type ${b}`;
  }
}

/** Two pointers that may be assigned to one another but for qualifiers: to the same type, or one to void. */
function pointersAgree(from: CType, to: CType): boolean {
  const a = C.pointee(from) ?? C.VOID;
  const b = C.pointee(to) ?? C.VOID;
  if (C.isVoid(a) || C.isVoid(b) || C.sameType(a, b)) return true;
  // An enum and what it is stored as are one type.
  const enums = [a, b].filter((type) => C.unsugar(type).kind === 'enum').length;
  return enums === 1 && C.integerOf(a) === C.integerOf(b);
}

/** To integers that differ in their sign only. */
function onlySignsDiffer(from: CType, to: CType): boolean {
  const a = C.unsugar(C.pointee(from) ?? C.VOID);
  const b = C.unsugar(C.pointee(to) ?? C.VOID);
  const x = C.integerOf(a);
  const y = C.integerOf(b);
  if (a.kind === 'enum' || b.kind === 'enum') return false;
  return x !== null && y !== null && x.rank === y.rank && x !== C.BOOL && y !== C.BOOL;
}

/** A floating constant is folded where it becomes an integer; as a value it cannot be had. */
const foldFloat = (value: Expr, type: CType, range: Range): Expr | null =>
  value.kind === 'int' && C.unsugar(value.type).kind === 'float' && C.isInteger(type)
    ? intExpr(convertInt(value.value, type), C.unqualified(type), range)
    : null;

/** Converts a value as by assignment to `type`, reporting what C does not allow. */
export function assignTo(context: Context, value: Expr, type: CType, purpose: Purpose): Expr {
  if (isError(value)) return value;
  const from = C.unsugar(value.type);
  const to = C.unsugar(type);
  const text = (): string => purposeText(purpose, value.type, type);
  const folded = foldFloat(value, type, value.range);
  if (folded) return folded;
  if (C.isInteger(value.type) && C.isInteger(type)) {
    const field = 'field' in purpose ? purpose.field : null;
    if (!field || !checkFieldConstant(context, value, type, field)) checkConstant(context, value, type);
    return convertInteger(value, C.unqualified(type));
  }
  if (from.kind === 'pointer' && to === C.BOOL) return convertScalar(value, type);
  if (from.kind === 'pointer' && to.kind === 'pointer') {
    checkPointers(context, value, type, text);
    return convertScalar(value, C.unqualified(type));
  }
  if (C.isInteger(value.type) && to.kind === 'pointer') {
    if (!isNullConstant(value))
      context.errorUnless(
        'int-conversion',
        value.range,
        `incompatible integer to pointer conversion ${text()}`,
      );
    return convertScalar(value, C.unqualified(type));
  }
  if (from.kind === 'pointer' && C.isInteger(type)) {
    context.errorUnless(
      'int-conversion',
      value.range,
      `incompatible pointer to integer conversion ${text()}`,
    );
    return convertScalar(value, C.unqualified(type));
  }
  if (from.kind === 'record' && from === to) return value;
  if (from.kind === 'float' || to.kind === 'float') context.error(value.range, noFloats(context));
  else context.error(value.range, `${from.kind === 'void' ? '' : 'incompatible type: '}${text()}`);
  return errorExpr(value.range);
}

function checkPointers(context: Context, value: Expr, type: CType, text: () => string): void {
  const a = C.pointee(value.type) ?? C.VOID;
  const b = C.pointee(type) ?? C.VOID;
  if (isNullConstant(value)) return;
  if (onlySignsDiffer(value.type, type) && !pointersAgree(value.type, type)) {
    const plain = [a, b].some((to) => C.unsugar(to) === C.CHAR);
    const how = plain
      ? "where one is of the unique plain 'char' type and the other is not"
      : 'with different sign';
    context.warning(
      'pointer-sign',
      value.range,
      `${text()} converts between pointers to integer types ${how}`,
    );
  } else if (!pointersAgree(value.type, type)) {
    const functions = C.unsugar(a).kind === 'function' && C.unsugar(b).kind === 'function';
    const told = `incompatible ${functions ? 'function ' : ''}pointer types ${text()}`;
    if (functions) context.errorUnless('incompatible-function-pointer-types', value.range, told);
    else context.warning('incompatible-pointer-types', value.range, told);
    return;
  }
  const q = C.qualifiersOf(a);
  const r = C.qualifiersOf(b);
  if (q.addressSpace !== r.addressSpace) {
    context.error(value.range, `${text()} changes address space of pointer`);
    return;
  }
  if ((q.isConst && !r.isConst) || (q.isVolatile && !r.isVolatile)) {
    if (C.unsugar(a).kind !== 'function')
      context.warning(
        'incompatible-pointer-types-discards-qualifiers',
        value.range,
        `discards qualifiers: ${text()}`,
      );
  }
}

/** Checks that a value can be a condition. */
export function condition(context: Context, expr: Expr): Expr {
  const value = rvalue(expr);
  checkTruth(context, expr);
  if (isError(value) || C.isScalar(value.type)) return value;
  context.error(
    expr.range,
    `'${typeText(expr.type)}' cannot be a condition: a number or a pointer is needed`,
  );
  return errorExpr(expr.range);
}

/** `(type)value` */
export function explicitCast(context: Context, type: CType, expr: Expr, range: Range): Expr {
  const value = C.isVoid(type) && !isLvalue(expr) ? expr : rvalue(expr);
  if (isError(value)) return value;
  const to = C.unsugar(type);
  const from = C.unsugar(value.type);
  const placed = (cast: Expr): Expr => ({ ...cast, range, loc: range.start });
  const folded = foldFloat(value, type, range);
  if (folded) return folded;
  if (to.kind === 'float' || from.kind === 'float') {
    context.error(range, noFloats(context));
    return errorExpr(range);
  }
  if (to.kind === 'void') return placed(makeCast('to_void', value, type, true));
  if (to.kind === 'record' && to === from) return value;
  if (C.isScalar(type) && C.isScalar(value.type)) {
    checkCast(context, value, type, range);
    const result = convertScalar(value, C.unqualified(type), true);
    return result === value ? placed(makeCast('noop', value, C.unqualified(type), true)) : placed(result);
  }
  context.error(range, `cannot cast from '${typeText(value.type)}' to '${typeText(type)}'`);
  return errorExpr(range);
}
