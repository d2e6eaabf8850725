/**
 * Constant expressions. Trees of integer literals are folded while they are built; what is left for here are
 * casts of pointers, addresses of objects and of members of a null pointer, choices and the like: what array
 * lengths, case labels and static initialisers may be.
 */
import type { ArithmeticOp, CompareOp, Expr, ObjectSymbol, StringExpr } from './ast.ts';
import { integerOf, isBool, isPointer, qualifiersOf, unsugar } from './ctype.ts';
import type { CType, IntType } from './ctype.ts';
import { compareTexts } from './literal.ts';

/** A number, or the address of something plus a number of bytes. */
export type ConstValue =
  | { readonly kind: 'int'; readonly value: bigint }
  | { readonly kind: 'address'; readonly of: ObjectSymbol | StringExpr; readonly offset: bigint };

/** `value` as an object of this integer type holds it. */
export function wrapInt(value: bigint, type: IntType): bigint {
  const bits = type.size * 8;
  return type.signed ? BigInt.asIntN(bits, value) : BigInt.asUintN(bits, value);
}

/** What a conversion to `type` makes of an integer. */
export function convertInt(value: bigint, type: CType): bigint {
  if (isBool(type)) return value === 0n ? 0n : 1n;
  const integer = integerOf(type);
  if (integer) return wrapInt(value, integer);
  return isPointer(type) ? BigInt.asUintN(64, value) : value;
}

/** C's arithmetic in `type`; null where C has no answer (division by zero). Shifts take their count modulo the width. */
export function arithmetic(op: ArithmeticOp, a: bigint, b: bigint, type: IntType): bigint | null {
  switch (op) {
    case '+':
      return wrapInt(a + b, type);
    case '-':
      return wrapInt(a - b, type);
    case '*':
      return wrapInt(a * b, type);
    case '/':
      return b === 0n ? null : wrapInt(a / b, type);
    case '%':
      return b === 0n ? null : wrapInt(a % b, type);
    case '&':
      return wrapInt(a & b, type);
    case '|':
      return wrapInt(a | b, type);
    case '^':
      return wrapInt(a ^ b, type);
    case '<<':
      return wrapInt(a << BigInt.asUintN(type.size === 8 ? 6 : type.size === 16 ? 7 : 5, b), type);
    case '>>':
      return wrapInt(a >> BigInt.asUintN(type.size === 8 ? 6 : type.size === 16 ? 7 : 5, b), type);
  }
}

export function compareInts(op: CompareOp, a: bigint, b: bigint): boolean {
  switch (op) {
    case '==':
      return a === b;
    case '!=':
      return a !== b;
    case '<':
      return a < b;
    case '<=':
      return a <= b;
    case '>':
      return a > b;
    case '>=':
      return a >= b;
  }
}

const int = (value: bigint): ConstValue => ({ kind: 'int', value });
/** Whether a value is not 0; null when that is open, as for the address of a weak symbol. */
function truth(value: ConstValue | null): boolean | null {
  if (value === null) return null;
  if (value.kind === 'int') return value.value !== 0n;
  return value.of.kind !== 'string' && value.of.attributes.weak ? null : true;
}

/** Compares two constants; null when only the linker knows. */
function compareValues(op: CompareOp, left: ConstValue | null, right: ConstValue | null): boolean | null {
  if (left === null || right === null) return null;
  if (left.kind === 'int' && right.kind === 'int') return compareInts(op, left.value, right.value);
  if (left.kind === 'address' && right.kind === 'address')
    return left.of === right.of ? compareInts(op, left.offset, right.offset) : null;
  const other = left.kind === 'int' ? left : right;
  const known = truth(left.kind === 'int' ? right : left);
  if (other.kind !== 'int' || other.value !== 0n || known === null) return null;
  return op === '==' ? false : op === '!=' ? true : null;
}

function shifted(base: ConstValue | null, bytes: bigint): ConstValue | null {
  if (base === null) return null;
  return base.kind === 'int'
    ? int(BigInt.asUintN(64, base.value + bytes))
    : { ...base, offset: base.offset + bytes };
}

/** The address of an lvalue, if it is constant. */
function place(expr: Expr): ConstValue | null {
  switch (expr.kind) {
    case 'ref': {
      const { symbol } = expr;
      const fixed = symbol.kind === 'func' || (symbol.storage !== 'local' && symbol.storage !== 'param');
      return fixed ? { kind: 'address', of: symbol, offset: 0n } : null;
    }
    case 'string':
      return { kind: 'address', of: expr, offset: 0n };
    case 'compound_literal':
      return expr.symbol.storage === 'local' ? null : { kind: 'address', of: expr.symbol, offset: 0n };
    case 'deref':
      return evaluate(expr.operand);
    case 'index': {
      const index = evaluate(expr.index);
      if (index?.kind !== 'int') return null;
      return shifted(evaluate(expr.base), index.value * BigInt(expr.elementSize));
    }
    case 'member':
      return expr.bitOffset % 8 === 0 ? shifted(place(expr.base), BigInt(expr.bitOffset / 8)) : null;
    default:
      return null;
  }
}

/** The value of a constant expression; null when it is none. Side effects make it none. */
export function evaluate(expr: Expr): ConstValue | null {
  switch (expr.kind) {
    case 'int':
      return int(expr.value);
    case 'address_of':
      return place(expr.operand);
    case 'shared':
      return evaluate(expr.operand);
    case 'cast':
      return evaluateCast(expr.cast, expr.operand, expr.type);
    case 'unary': {
      const operand = evaluate(expr.operand);
      if (expr.op === '!') {
        const yes = truth(operand);
        return yes === null ? null : int(yes ? 0n : 1n);
      }
      const type = integerOf(expr.type);
      if (operand?.kind !== 'int' || !type) return null;
      return int(wrapInt(expr.op === '-' ? -operand.value : ~operand.value, type));
    }
    case 'binary': {
      const left = evaluate(expr.left);
      const right = evaluate(expr.right);
      const type = integerOf(expr.type);
      if (left?.kind !== 'int' || right?.kind !== 'int' || !type) return null;
      const value = arithmetic(expr.op, left.value, right.value, type);
      return value === null ? null : int(value);
    }
    case 'pointer_add': {
      const index = evaluate(expr.index);
      if (index?.kind !== 'int') return null;
      const bytes = index.value * BigInt(expr.elementSize);
      return shifted(evaluate(expr.pointer), expr.negative ? -bytes : bytes);
    }
    case 'pointer_diff': {
      const left = evaluate(expr.left);
      const right = evaluate(expr.right);
      if (left?.kind === 'int' && right?.kind === 'int')
        return int((left.value - right.value) / BigInt(expr.elementSize));
      if (left?.kind === 'address' && right?.kind === 'address' && left.of === right.of)
        return int((left.offset - right.offset) / BigInt(expr.elementSize));
      return null;
    }
    case 'compare': {
      const yes = compareValues(expr.op, evaluate(expr.left), evaluate(expr.right));
      return yes === null ? null : int(yes ? 1n : 0n);
    }
    case 'comma':
      return evaluate(expr.left) === null ? null : evaluate(expr.right);
    case 'logical': {
      const left = truth(evaluate(expr.left));
      if (left === null) return null;
      if (left === (expr.op === '||')) return int(left ? 1n : 0n);
      const right = truth(evaluate(expr.right));
      return right === null ? null : int(right ? 1n : 0n);
    }
    case 'conditional': {
      const yes = truth(evaluate(expr.condition));
      return yes === null ? null : evaluate(yes ? expr.then : expr.otherwise);
    }
    case 'builtin':
      if (expr.builtin.name === 'constant_p')
        return int(evaluate(expr.builtin.operand)?.kind === 'int' ? 1n : 0n);
      if (expr.builtin.name === 'strcmp') {
        const [a, b] = [textOf(expr.builtin.left), textOf(expr.builtin.right)];
        return a && b ? int(BigInt(compareTexts(a, b))) : null;
      }
      if (expr.builtin.name === 'strlen') {
        const length = textOf(expr.builtin.operand)?.length;
        return length === undefined ? null : int(BigInt(length));
      }
      return expr.builtin.name === 'expect' ? evaluate(expr.builtin.operand) : null;
    default:
      return null;
  }
}

/** The bytes of a literal before its first 0, or null. */
function textOf(expr: Expr): Uint8Array | null {
  const value = evaluate(expr);
  if (value?.kind !== 'address' || value.of.kind !== 'string') return null;
  const rest = value.of.bytes.slice(Number(value.offset));
  const end = rest.indexOf(0);
  return end < 0 ? rest : rest.slice(0, end);
}

function evaluateCast(cast: string, operand: Expr, type: CType): ConstValue | null {
  if (cast === 'array_decay' || cast === 'function_decay') return place(operand);
  if (cast === 'load') {
    const bare = unsugar(operand.type);
    if (operand.kind === 'ref') return constantValue(operand.symbol);
    return operand.kind === 'compound_literal' && bare.kind !== 'record' ? compoundValue(operand) : null;
  }
  const value = evaluate(operand);
  if (value === null || cast === 'to_void') return null;
  if (value.kind === 'int') return int(convertInt(value.value, type));
  if (cast === 'to_bool') return int(1n);
  return cast === 'pointer' || cast === 'noop' || cast === 'pointer_to_int' || cast === 'int_to_pointer'
    ? value
    : null;
}

/** What a constant object was made with: not C's idea of a constant expression, but GNU's. */
function constantValue(symbol: ObjectSymbol): ConstValue | null {
  if (symbol.kind !== 'var' || symbol.storage === 'param' || symbol.attributes.weak) return null;
  const { isConst, isVolatile } = qualifiersOf(symbol.type);
  if (!isConst || isVolatile || symbol.init?.kind !== 'value' || integerOf(symbol.type) === null) return null;
  return evaluate(symbol.init.value);
}

function compoundValue(expr: Extract<Expr, { kind: 'compound_literal' }>): ConstValue | null {
  const { init } = expr.symbol;
  return init?.kind === 'value' ? evaluate(init.value) : null;
}

/** The value of an integer constant expression, or null. */
export function evaluateInt(expr: Expr): bigint | null {
  const value = evaluate(expr);
  return value?.kind === 'int' ? value.value : null;
}
