/** Operators: which operands they take, what type comes out. Literal operands are folded on the way. */
import type { ArithmeticOp, CompareOp, Expr } from './ast.ts';
import * as C from './ctype.ts';
import type { CType } from './ctype.ts';
import { typeText } from './ctype_text.ts';
import { arithmetic, compareInts, wrapInt } from './const_eval.ts';
import { noFloats } from './check_context.ts';
import type { Context } from './check_context.ts';
import { foldFloats, foldFloatSign } from './check_float.ts';
import { checkSizeDivision } from './check_sizes.ts';
import { checkSameAlways } from './check_value.ts';
import {
  arithmeticPair,
  assignTo,
  condition,
  convertInteger,
  convertScalar,
  errorExpr,
  intExpr,
  isError,
  isLvalue,
  isNullConstant,
  promote,
  rvalue,
} from './check_convert.ts';
import type { Loc, Range } from './source.ts';

const span = (left: Expr, right: Expr): Range => ({
  start: Math.min(left.range.start, right.range.start),
  end: Math.max(left.range.end, right.range.end),
});

function invalidOperands(context: Context, op: string, left: Expr, right: Expr): Expr {
  const range = span(left, right);
  context.error(
    range,
    [left, right].some(({ type }) => C.unsugar(type).kind === 'float')
      ? noFloats(context)
      : `invalid operands to binary '${op}': '${typeText(left.type)}' and '${typeText(right.type)}'`,
  );
  return errorExpr(range);
}

/** sizeof what a pointer steps over; 0 (reported) when that type is incomplete. */
export function strideOf(context: Context, pointer: CType, range: Range): number {
  const to = C.pointee(pointer) ?? C.VOID;
  const size = C.sizeOf(to);
  if (size === null) {
    context.error(range, `arithmetic on a pointer to an incomplete type '${typeText(to)}'`);
    return 0;
  }
  return size;
}

const toIndex = (value: Expr): Expr =>
  convertInteger(value, C.integerOf(value.type)?.signed === false ? C.ULONG : C.LONG);

function pointerAdd(context: Context, pointer: Expr, index: Expr, negative: boolean, at: Loc): Expr {
  const range = span(pointer, index);
  return {
    kind: 'pointer_add',
    pointer,
    index: toIndex(promote(index)),
    negative,
    elementSize: strideOf(context, pointer.type, range),
    type: pointer.type,
    range,
    loc: at,
  };
}

/** `left op right` for + - * / % & | ^ << >> */
export function checkArithmetic(context: Context, op: ArithmeticOp, l: Expr, r: Expr, at: Loc): Expr {
  const left = rvalue(l);
  const right = rvalue(r);
  if (isError(left) || isError(right)) return errorExpr(span(left, right));
  const leftPointer = C.isPointer(left.type);
  const rightPointer = C.isPointer(right.type);
  if (op === '+' && leftPointer && C.isInteger(right.type))
    return pointerAdd(context, left, right, false, at);
  if (op === '+' && rightPointer && C.isInteger(left.type))
    return pointerAdd(context, right, left, false, at);
  if (op === '-' && leftPointer && C.isInteger(right.type)) return pointerAdd(context, left, right, true, at);
  if (op === '-' && leftPointer && rightPointer) {
    const elementSize = strideOf(context, left.type, span(left, right)) || 1;
    return {
      kind: 'pointer_diff',
      left,
      right,
      elementSize,
      type: C.LONG,
      range: span(left, right),
      loc: at,
    };
  }
  if (op === '/') checkSizeDivision(context, left, right, at);
  const folded = foldFloats(op, left, right, span(left, right), at);
  if (folded) return folded;
  if (!C.isInteger(left.type) || !C.isInteger(right.type)) return invalidOperands(context, op, left, right);
  if (op === '<<' || op === '>>') {
    const value = promote(left);
    return finishArithmetic(context, op, value, promote(right), C.integerOf(value.type) ?? C.INT, at);
  }
  const pair = arithmeticPair(left, right);
  return finishArithmetic(context, op, pair.left, pair.right, pair.type, at);
}

function finishArithmetic(
  context: Context,
  op: ArithmeticOp,
  left: Expr,
  right: Expr,
  type: C.IntType,
  at: Loc,
): Expr {
  const range = span(left, right);
  if (right.kind === 'int') {
    if ((op === '/' || op === '%') && right.value === 0n && context.unevaluated === 0)
      context.warning(
        'division-by-zero',
        right.range,
        `${op === '/' ? 'division' : 'remainder'} by zero is undefined`,
      );
    if ((op === '<<' || op === '>>') && (right.value < 0n || right.value >= BigInt(type.size * 8))) {
      if (context.unevaluated === 0)
        context.warning(
          right.value < 0n ? 'shift-count-negative' : 'shift-count-overflow',
          right.range,
          right.value < 0n ? 'shift count is negative' : `shift count >= width of type '${type.name}'`,
        );
    } else if (left.kind === 'int') {
      const value = arithmetic(op, left.value, right.value, type);
      if (value !== null) return { ...intExpr(value, type, range), loc: at };
    }
  }
  return { kind: 'binary', op, left, right, type, range, loc: at };
}

/** Warns when a signed value that may be negative is compared as if it were unsigned. */
function checkSigns(context: Context, left: Expr, right: Expr, range: Range): void {
  const [a, b] = [promote(left), promote(right)];
  const { type } = arithmeticPair(a, b);
  const signed = [a, b].find((e) => C.integerOf(e.type)?.signed === true);
  // A constant that is not negative is the same as unsigned; a negative one never is.
  const isConstant = [a, b].some((e) => e.kind === 'int' && (e !== signed || e.value >= 0n));
  const isMacro = context.sources.macroUses.has(range.start);
  if (!signed || type.signed || isConstant || isMacro) return;
  context.warning(
    'sign-compare',
    range,
    `comparison of integers of different signs: '${typeText(left.type)}' and '${typeText(right.type)}'`,
  );
}

const isLiteral = (expr: Expr): boolean =>
  expr.kind === 'string' || (expr.kind === 'cast' && !expr.explicit && isLiteral(expr.operand));

/** `left op right` for == != < <= > >= */
export function checkCompare(context: Context, op: CompareOp, l: Expr, r: Expr, at: Loc): Expr {
  let left = rvalue(l);
  let right = rvalue(r);
  const range = span(left, right);
  if (isError(left) || isError(right)) return errorExpr(range);
  if (isLiteral(left) || isLiteral(right))
    context.warning(
      'string-compare',
      range,
      'result of comparison against a string literal is unspecified: it compares addresses; bpf_strncmp compares texts',
    );
  const pointers = [left, right].filter((e) => C.isPointer(e.type)).length;
  if (pointers === 0) {
    if (!C.isInteger(left.type) || !C.isInteger(right.type)) return invalidOperands(context, op, left, right);
    if (op !== '==' && op !== '!=') checkSigns(context, left, right, range);
    const pair = arithmeticPair(left, right);
    ({ left, right } = pair);
    checkSameAlways(context, op, left, right, range);
    if (left.kind === 'int' && right.kind === 'int')
      return { ...intExpr(compareInts(op, left.value, right.value) ? 1n : 0n, C.INT, range), loc: at };
  } else if (!C.isScalar(left.type) || !C.isScalar(right.type)) {
    return invalidOperands(context, op, left, right);
  } else if (pointers === 1) {
    const integer = C.isPointer(left.type) ? right : left;
    const pointer = C.isPointer(left.type) ? left : right;
    if (!isNullConstant(integer))
      context.warning(
        null,
        range,
        `comparison between pointer and integer ('${typeText(left.type)}' and '${typeText(right.type)}')`,
      );
    const converted = convertScalar(integer, pointer.type);
    [left, right] = pointer === left ? [left, converted] : [converted, right];
  } else {
    const a = C.pointee(left.type) ?? C.VOID;
    const b = C.pointee(right.type) ?? C.VOID;
    if (!C.isVoid(a) && !C.isVoid(b) && !C.sameType(a, b))
      context.warning(
        'compare-distinct-pointer-types',
        range,
        `comparison of distinct pointer types ('${typeText(left.type)}' and '${typeText(right.type)}')`,
      );
  }
  return { kind: 'compare', op, left, right, type: C.INT, range, loc: at };
}

/** `left && right`, `left || right` */
export function checkLogical(context: Context, op: '&&' | '||', l: Expr, r: Expr, at: Loc): Expr {
  const left = condition(context, l);
  const right = condition(context, r);
  const range = span(left, right);
  if (isError(left) || isError(right)) return errorExpr(range);
  if (left.kind === 'int') {
    const short = (left.value !== 0n) === (op === '||');
    if (short) return { ...intExpr(op === '||' ? 1n : 0n, C.INT, range), loc: at };
    if (right.kind === 'int') return { ...intExpr(right.value === 0n ? 0n : 1n, C.INT, range), loc: at };
  }
  return { kind: 'logical', op, left, right, type: C.INT, range, loc: at };
}

/** `-x`, `+x`, `~x`, `!x` */
export function checkUnary(context: Context, op: '-' | '+' | '~' | '!', operand: Expr, range: Range): Expr {
  if (op === '!') {
    const value = condition(context, operand);
    if (isError(value)) return value;
    if (value.kind === 'int') return intExpr(value.value === 0n ? 1n : 0n, C.INT, range);
    return { kind: 'unary', op, operand: value, type: C.INT, range, loc: range.start };
  }
  const value = promote(rvalue(operand));
  if (isError(value)) return value;
  const folded = foldFloatSign(op, value, range);
  if (folded) return folded;
  const type = C.integerOf(value.type);
  if (!type) {
    context.error(range, `invalid operand of unary '${op}': '${typeText(operand.type)}'`);
    return errorExpr(range);
  }
  if (op === '+') return { ...value, range };
  if (value.kind === 'int')
    return intExpr(wrapInt(op === '-' ? -value.value : ~value.value, type), type, range);
  return { kind: 'unary', op, operand: value, type, range, loc: range.start };
}

/** The type and the converted arms of `c ? then : otherwise`. */
export function checkConditional(context: Context, test: Expr, a: Expr, b: Expr, at: Loc): Expr {
  const value = condition(context, test);
  let then = rvalue(a);
  let otherwise = rvalue(b);
  const range = span(value, otherwise);
  if (isError(value) || isError(then) || isError(otherwise)) return errorExpr(range);
  const x = C.unsugar(then.type);
  const y = C.unsugar(otherwise.type);
  let type: CType;
  if (C.isInteger(x) && C.isInteger(y)) {
    const pair = arithmeticPair(then, otherwise);
    ({ left: then, right: otherwise, type } = pair);
    if (value.kind === 'int') {
      const chosen = value.value === 0n ? otherwise : then;
      if (chosen.kind === 'int') return { ...chosen, range, loc: at };
    }
  } else if (x.kind === 'void' || y.kind === 'void') {
    type = C.VOID;
    then = convertScalar(then, type);
    otherwise = convertScalar(otherwise, type);
  } else if (x.kind === 'record' && x === y) type = then.type;
  else if (C.isScalar(x) && C.isScalar(y)) {
    type = pointerArms(context, then, otherwise, range);
    then = convertScalar(then, type);
    otherwise = convertScalar(otherwise, type);
  } else {
    context.error(
      range,
      `incompatible operand types ('${typeText(then.type)}' and '${typeText(otherwise.type)}')`,
    );
    return errorExpr(range);
  }
  return { kind: 'conditional', condition: value, then, otherwise, type, range, loc: at };
}

/** The type of a conditional whose arms are pointers, or a pointer and an integer. */
function pointerArms(context: Context, then: Expr, otherwise: Expr, range: Range): CType {
  if (isNullConstant(otherwise) && C.isPointer(then.type)) return then.type;
  if (isNullConstant(then) && C.isPointer(otherwise.type)) return otherwise.type;
  const a = C.pointee(then.type);
  const b = C.pointee(otherwise.type);
  const text = `('${typeText(then.type)}' and '${typeText(otherwise.type)}')`;
  if (a === null || b === null) {
    context.warning(
      'conditional-type-mismatch',
      range,
      `pointer/integer type mismatch in conditional expression ${text}`,
    );
    return a === null ? otherwise.type : then.type;
  }
  const q = C.qualifiersOf(a);
  const r = C.qualifiersOf(b);
  const both = {
    isConst: q.isConst || r.isConst,
    isVolatile: q.isVolatile || r.isVolatile,
    isRestrict: false,
    addressSpace: q.addressSpace || r.addressSpace,
  };
  if (C.isVoid(a) || C.isVoid(b)) return C.pointerTo(C.qualify(C.VOID, both));
  if (!C.sameType(a, b)) {
    context.warning('pointer-type-mismatch', range, `pointer type mismatch ${text}`);
    return C.pointerTo(C.qualify(C.VOID, both));
  }
  return C.pointerTo(C.qualify(a, both));
}

/** Reports a target that cannot be stored to. */
function checkTarget(context: Context, target: Expr): boolean {
  if (isError(target)) return false;
  const bare = C.unsugar(target.type);
  if (!isLvalue(target) || bare.kind === 'array' || bare.kind === 'function') {
    context.error(
      target.range,
      bare.kind === 'array'
        ? `array type '${typeText(target.type)}' is not assignable`
        : 'expression is not assignable',
    );
    return false;
  }
  if (C.qualifiersOf(target.type).isConst) {
    const name = target.kind === 'ref' ? `variable '${target.symbol.name}'` : 'a place';
    context.error(
      target.range,
      `cannot assign to ${name} with const-qualified type '${typeText(target.type)}'`,
    );
    return false;
  }
  return true;
}

/** `target = value` */
export function checkAssign(context: Context, target: Expr, value: Expr, at: Loc): Expr {
  const range = span(target, value);
  if (!checkTarget(context, target)) return errorExpr(range);
  const converted = assignTo(context, rvalue(value), target.type, {
    kind: 'assigning',
    field: target.kind === 'member' && target.bitSize !== null ? { bits: target.bitSize, at } : null,
  });
  if (isError(converted)) return errorExpr(range);
  noteStore(context, target, rvalue(value).type);
  return { kind: 'assign', target, value: converted, type: C.unqualified(target.type), range, loc: at };
}

/** Keeps the type that went into an element of an array: the arguments of a format are passed in one. */
function noteStore(context: Context, target: Expr, type: CType): void {
  if (target.kind !== 'index' || target.index.kind !== 'int') return;
  const array = target.base.kind === 'cast' ? target.base.operand : target.base;
  if (array.kind !== 'ref' || array.symbol.kind !== 'var' || array.symbol.storage !== 'local') return;
  const types = context.stored.get(array.symbol) ?? new Map<bigint, CType>();
  types.set(target.index.value, type);
  context.stored.set(array.symbol, types);
}

/** `target op= value` */
export function checkCompoundAssign(
  context: Context,
  op: ArithmeticOp,
  target: Expr,
  r: Expr,
  at: Loc,
): Expr {
  const range = span(target, r);
  const value = rvalue(r);
  if (!checkTarget(context, target) || isError(value)) return errorExpr(range);
  const type = C.unqualified(target.type);
  const base = { kind: 'compound_assign', op, target, type, range, loc: at } as const;
  if (C.isPointer(type) && (op === '+' || op === '-') && C.isInteger(value.type))
    return {
      ...base,
      value: toIndex(promote(value)),
      computeType: type,
      elementSize: strideOf(context, type, range),
    };
  if (!C.isInteger(type) || !C.isInteger(value.type))
    return invalidOperands(context, `${op}=`, target, value);
  const loaded = rvalue(target);
  if (op === '<<' || op === '>>')
    return { ...base, value: promote(value), computeType: promote(loaded).type, elementSize: null };
  const pair = arithmeticPair(loaded, value);
  if ((op === '/' || op === '%') && pair.right.kind === 'int' && pair.right.value === 0n)
    context.warning(
      'division-by-zero',
      value.range,
      `${op === '/' ? 'division' : 'remainder'} by zero is undefined`,
    );
  return { ...base, value: pair.right, computeType: pair.type, elementSize: null };
}

/** `++x`, `x--` */
export function checkIncDec(
  context: Context,
  op: '++' | '--',
  prefix: boolean,
  target: Expr,
  range: Range,
): Expr {
  if (!checkTarget(context, target)) return errorExpr(range);
  const type = C.unqualified(target.type);
  if (!C.isScalar(type)) {
    context.error(
      range,
      `cannot ${op === '++' ? 'increment' : 'decrement'} a value of type '${typeText(type)}'`,
    );
    return errorExpr(range);
  }
  const step = C.isPointer(type) ? strideOf(context, type, range) : 1;
  return { kind: 'inc_dec', op, prefix, target, step, type, range, loc: range.start };
}

/** `left, right` */
export function checkComma(left: Expr, right: Expr, at: Loc): Expr {
  const value = rvalue(right);
  const first = isLvalue(left) ? rvalue(left) : left;
  if (isError(first) || isError(value)) return errorExpr(span(left, right));
  return { kind: 'comma', left: first, right: value, type: value.type, range: span(left, right), loc: at };
}
