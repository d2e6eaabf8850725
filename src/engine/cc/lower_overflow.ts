/**
 * __builtin_add_overflow and its like: the result as it would be without end, and whether it fits. Sums and
 * differences of 64 bits whose types differ are computed in 128.
 */
import type { Builtin, BuiltinExpr } from './ast.ts';
import { integerOf, pointee, VOID } from './ctype.ts';
import type { IntType } from './ctype.ts';
import type { BinaryOp, Inst } from './ir.ts';
import type { Lowering } from './lower_function.ts';
import { plainPlace, storePlace } from './lower_place.ts';

const OPS: Readonly<Record<'+' | '-' | '*', BinaryOp>> = { '+': 'add', '-': 'sub', '*': 'mul' };
const isWide = (int: IntType): boolean => int.size === 8;

/** 64-bit operands of one signedness: 1 when `made` is not what it should be. */
function overflows64(
  f: Lowering,
  op: '+' | '-' | '*',
  signed: boolean,
  a: Inst,
  b: Inst,
  made: Inst,
): Inst | null {
  const zero = f.b.const(64, 0);
  const signsDiffer = (x: Inst, y: Inst, z: Inst): Inst =>
    f.b.compare('slt', f.b.binary('and', f.b.binary('xor', x, made), f.b.binary('xor', y, z)), zero);
  if (signed) return op === '+' ? signsDiffer(a, b, made) : op === '-' ? signsDiffer(a, a, b) : null;
  if (op === '+') return f.b.compare('ult', made, a);
  if (op === '-') return f.b.compare('ult', a, b);
  // Division undoes a multiplication that did not overflow; by zero it gives zero.
  const some = f.b.compare('ne', a, zero);
  return f.b.binary('and', some, f.b.compare('ne', f.b.binary('udiv', made, a), b));
}

/** The upper 64 bits of a number that has 64. */
const upper = (f: Lowering, value: Inst, signed: boolean): Inst =>
  signed ? f.b.binary('ashr', value, f.b.const(64, 63)) : f.b.const(64, 0);

/** a + b or a - b, whatever their signs: `made` is its lower half. @returns 1 when type `t` cannot hold it */
function overflows128(
  f: Lowering,
  op: '+' | '-',
  a: { readonly low: Inst; readonly signed: boolean },
  b: { readonly low: Inst; readonly signed: boolean },
  made: Inst,
  t: IntType,
): Inst {
  const carry = op === '+' ? f.b.compare('ult', made, a.low) : f.b.compare('ult', a.low, b.low);
  const highs = f.b.binary(OPS[op], upper(f, a.low, a.signed), upper(f, b.low, b.signed));
  const high = f.b.binary(OPS[op], highs, f.b.zext(carry));
  const kept = resized(f, made, t);
  const isLow = f.b.compare('ne', kept, made);
  return f.b.binary('or', isLow, f.b.compare('ne', high, upper(f, kept, t.signed)));
}

/** What a type keeps of 64 bits, as 64 bits again. */
function resized(f: Lowering, value: Inst, { size, signed }: IntType): Inst {
  if (size === 8) return value;
  if (signed) return f.b.sext(value, size * 8, 64);
  return size === 4
    ? f.b.zext(f.b.trunc(value))
    : f.b.binary('and', value, f.b.const(64, 2 ** (size * 8) - 1));
}

/** Is every product of two numbers of these types one of type `t`? */
const holdsProduct = (l: IntType, r: IntType, t: IntType): boolean =>
  t.signed && isWide(t) && !isWide(l) && !isWide(r) && (l.signed || r.signed || l.size + r.size < 8);

export function lowerOverflow(
  f: Lowering,
  expr: BuiltinExpr,
  builtin: Extract<Builtin, { readonly name: 'overflow' }>,
): Inst {
  const { left, right, op } = builtin;
  const target = pointee(builtin.result.type) ?? VOID;
  const types = [integerOf(left.type), integerOf(right.type), integerOf(target)];
  const [l, r, t] = types;
  const nothing = (): Inst => f.b.const(32, 0);
  if (!l || !r || !t)
    return f.unsupported(expr.range, 'overflow-checking arithmetic on these types', nothing);
  const wide = isWide(l) || isWide(r) || isWide(t);
  const sameSign = l.signed === r.signed && r.signed === t.signed;
  const mixed = wide && !(sameSign && isWide(t));
  const fits = op === '*' && holdsProduct(l, r, t);
  if (mixed && op === '*' && !fits)
    return f.unsupported(
      expr.range,
      'overflow-checking multiplication of 64 bits of different types',
      nothing,
    );
  const widened = [left, right].map((operand) => {
    const int = integerOf(operand.type);
    const value = f.value(operand);
    return value.width === 64 ? value : int?.signed ? f.b.sext(value, 32, 64) : f.b.zext(value);
  });
  const [a, b] = widened as [Inst, Inst];
  const to = f.value(builtin.result);
  f.b.loc = expr.loc;
  const made = f.b.binary(OPS[op], a, b);
  const place = plainPlace(to, target);
  if (fits) {
    storePlace(f, place, made);
    return nothing();
  }
  if (mixed && op !== '*') {
    const flag = overflows128(f, op, { low: a, signed: l.signed }, { low: b, signed: r.signed }, made, t);
    storePlace(f, place, t.size === 8 ? made : f.b.trunc(resized(f, made, t)));
    return flag;
  }
  if (wide) {
    const flag = overflows64(f, op, t.signed, a, b, made);
    if (flag === null)
      return f.unsupported(expr.range, 'overflow-checking multiplication of signed 64-bit numbers', nothing);
    storePlace(f, place, made);
    return flag;
  }
  const low = f.b.trunc(made);
  const kept =
    t.size === 4
      ? low
      : t.signed
        ? f.b.sext(low, t.size * 8, 32)
        : f.b.binary('and', low, f.b.const(32, (1 << (t.size * 8)) - 1));
  storePlace(f, place, kept);
  return f.b.compare('ne', t.signed ? f.b.sext(kept, 32, 64) : f.b.zext(kept), made);
}
