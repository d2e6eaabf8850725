/**
 * Expressions to values. A value of a C type narrower than int is kept in 32 bits, extended as the type says;
 * a record's value is the address of its bytes.
 */
import { EngineBug } from '../../shared/assert.ts';
import type { ArithmeticOp, Builtin, BuiltinExpr, CallExpr, CastExpr, CompareOp, Expr } from './ast.ts';
import { addressSpaceOf, integerOf, isPointer, isVoid, sizeOf } from './ctype.ts';
import type { CType } from './ctype.ts';
import type { BinaryOp, Block, Cond, Inst, Width } from './ir.ts';
import { passing } from './lower_abi.ts';
import { lowerBuiltin, memoryDiffers } from './lower_builtin.ts';
import type { Lowering } from './lower_function.ts';
import {
  accessAt,
  addressOf,
  isRecord,
  loadPlace,
  lowerPlace,
  plainPlace,
  storePlace,
} from './lower_place.ts';
import { copyRecord } from './lower_memory.ts';

export const widthOf = (type: CType): Width => (sizeOf(type) === 8 ? 64 : 32);

/** What an integer conversion needs to know of a type; pointers are unsigned long. */
const shape = (type: CType): { size: number; signed: boolean } => {
  const int = integerOf(type);
  return int ? { size: int.size, signed: int.signed } : { size: 8, signed: false };
};

export function convert(f: Lowering, value: Inst, from: CType, to: CType): Inst {
  const a = shape(from);
  const b = shape(to);
  if (b.size === 8) return a.size === 8 ? value : a.signed ? f.b.sext(value, 32, 64) : f.b.zext(value);
  const low = a.size === 8 ? f.b.trunc(value) : value;
  if (b.size >= 4) return low;
  const contained = a.size < b.size ? !a.signed || b.signed : a.size === b.size && a.signed === b.signed;
  if (contained) return low;
  return b.signed
    ? f.b.sext(low, b.size * 8, 32)
    : f.b.binary('and', low, f.b.const(32, b.size === 1 ? 0xff : 0xffff));
}

function arithmeticOp(op: ArithmeticOp, signed: boolean): BinaryOp {
  switch (op) {
    case '+':
      return 'add';
    case '-':
      return 'sub';
    case '*':
      return 'mul';
    case '/':
      return signed ? 'sdiv' : 'udiv';
    case '%':
      return signed ? 'smod' : 'umod';
    case '&':
      return 'and';
    case '|':
      return 'or';
    case '^':
      return 'xor';
    case '<<':
      return 'shl';
    case '>>':
      return signed ? 'ashr' : 'lshr';
  }
}

/** `a op b` in `type`; the shift count may have another width. */
export function arithmetic(f: Lowering, op: ArithmeticOp, type: CType, a: Inst, b: Inst): Inst {
  const kind = arithmeticOp(op, integerOf(type)?.signed ?? false);
  const right = b.width === a.width ? b : a.width === 64 ? f.b.zext(b) : f.b.trunc(b);
  const made = f.b.binary(kind, a, right);
  if (made.op === 'add' && kind === 'add' && made.args[0] === a) made.nsw = integerOf(type)?.signed ?? false;
  return made;
}

const CONDS: Readonly<Record<CompareOp, readonly [signed: Cond, unsigned: Cond]>> = {
  '==': ['eq', 'eq'],
  '!=': ['ne', 'ne'],
  '<': ['slt', 'ult'],
  '<=': ['sle', 'ule'],
  '>': ['sgt', 'ugt'],
  '>=': ['sge', 'uge'],
};

/** Goes to `yes` when a scalar expression is not zero. */
export function lowerCondition(f: Lowering, expr: Expr, yes: Block, no: Block): void {
  switch (expr.kind) {
    case 'logical': {
      const middle = f.fn.block();
      if (expr.op === '&&') lowerCondition(f, expr.left, middle, no);
      else lowerCondition(f, expr.left, yes, middle);
      f.b.at(middle);
      return lowerCondition(f, expr.right, yes, no);
    }
    case 'unary':
      if (expr.op === '!') return lowerCondition(f, expr.operand, no, yes);
      break;
    case 'compare': {
      const memory = comparedMemory(expr);
      if (memory && (expr.op === '==' || expr.op === '!=')) {
        const differ = memoryDiffers(f, memory.expr, memory.builtin);
        const [first, second] = expr.op === '!=' ? [yes, no] : [no, yes];
        return f.b.branch('ne', differ, f.b.const(32, 0), first, second);
      }
      const [signed, unsigned] = CONDS[expr.op];
      const a = f.value(expr.left);
      const b = f.value(expr.right);
      f.b.loc = expr.loc;
      return f.b.branch(integerOf(expr.left.type)?.signed ? signed : unsigned, a, b, yes, no);
    }
    case 'cast':
      if (expr.cast === 'to_bool') return lowerCondition(f, expr.operand, yes, no);
      if (expr.cast === 'int' && isTruth(expr.operand)) return lowerCondition(f, expr.operand, yes, no);
      break;
    case 'builtin':
      if (expr.builtin.name === 'memcmp') {
        const differ = memoryDiffers(f, expr, expr.builtin);
        return f.b.branch('ne', differ, f.b.const(32, 0), yes, no);
      }
      if (expr.builtin.name === 'expect') return lowerCondition(f, expr.builtin.operand, yes, no);
      break;
    default:
  }
  const value = f.value(expr);
  f.b.loc = expr.loc;
  f.b.branch('ne', value, f.b.const(value.width, 0), yes, no);
}

/** Expressions that are 0 or 1, which no conversion changes. */
const isTruth = (expr: Expr): boolean =>
  expr.kind === 'logical' ||
  expr.kind === 'compare' ||
  (expr.kind === 'unary' && expr.op === '!') ||
  (expr.kind === 'cast' && (expr.cast === 'to_bool' || (expr.cast === 'int' && isTruth(expr.operand)))) ||
  (expr.kind === 'builtin' && expr.builtin.name === 'expect' && isTruth(expr.builtin.operand));

/** Joins values computed on several ways. */
function joined(f: Lowering, width: Width, body: (give: (value: Inst) => void) => void): Inst {
  const slot = f.fn.slot('', width / 8, width / 8);
  const size = width === 64 ? 8 : 4;
  body((value) => f.b.store(f.fn.frame(slot, 0), 0, size, value));
  return f.b.load(f.fn.frame(slot, 0), 0, size);
}

type BuiltinOf<N extends Builtin['name']> = Extract<Builtin, { readonly name: N }>;

/** The call in `memcmp(...) == 0`, or null. */
function comparedMemory(expr: Expr): { expr: BuiltinExpr; builtin: BuiltinOf<'memcmp'> } | null {
  if (expr.kind !== 'compare' || expr.right.kind !== 'int' || expr.right.value !== 0n) return null;
  const { left } = expr;
  return left.kind === 'builtin' && left.builtin.name === 'memcmp'
    ? { expr: left, builtin: left.builtin }
    : null;
}

function truth(f: Lowering, expr: Expr): Inst {
  const memory = comparedMemory(expr);
  if (memory && expr.kind === 'compare' && (expr.op === '!=' || expr.op === '==')) {
    const differ = memoryDiffers(f, memory.expr, memory.builtin);
    return expr.op === '!=' ? differ : f.b.compare('eq', differ, f.b.const(32, 0));
  }
  if (expr.kind === 'unary' && expr.operand.kind === 'builtin' && expr.operand.builtin.name === 'memcmp') {
    const differ = memoryDiffers(f, expr.operand, expr.operand.builtin);
    return f.b.compare('eq', differ, f.b.const(32, 0));
  }
  if (expr.kind === 'compare') {
    const [signed, unsigned] = CONDS[expr.op];
    const a = f.value(expr.left);
    const b = f.value(expr.right);
    f.b.loc = expr.loc;
    return f.b.compare(integerOf(expr.left.type)?.signed ? signed : unsigned, a, b);
  }
  if (expr.kind === 'unary' && !isTruth(expr.operand)) {
    const value = f.value(expr.operand);
    f.b.loc = expr.loc;
    return f.b.compare('eq', value, f.b.const(value.width, 0));
  }
  return joined(f, 32, (give) => {
    const yes = f.fn.block();
    const no = f.fn.block();
    const end = f.fn.block();
    lowerCondition(f, expr, yes, no);
    f.b.at(yes);
    give(f.b.const(32, 1));
    f.b.jump(end);
    f.b.at(no);
    give(f.b.const(32, 0));
    f.b.jump(end);
    f.b.at(end);
  });
}

function lowerCast(f: Lowering, expr: CastExpr): Inst {
  const { operand } = expr;
  switch (expr.cast) {
    case 'load': {
      const place = lowerPlace(f, operand);
      f.b.loc = expr.loc;
      return isRecord(expr.type) ? accessAt(f, place) : loadPlace(f, place);
    }
    case 'array_decay':
    case 'function_decay':
      if (operand.kind === 'ref' && operand.symbol.kind === 'func') return f.functionAddress(operand.symbol);
      return addressOf(f, lowerPlace(f, operand));
    case 'int':
    case 'int_to_pointer':
    case 'pointer_to_int':
      return convert(f, f.value(operand), operand.type, expr.type);
    case 'to_bool': {
      if (isTruth(operand)) return f.value(operand);
      const value = f.value(operand);
      return f.b.compare('ne', value, f.b.const(value.width, 0));
    }
    case 'pointer':
      return f.b.space(f.value(operand), addressSpaceOf(operand.type), addressSpaceOf(expr.type));
    case 'noop':
      return f.value(operand);
    case 'to_void':
      f.effect(operand);
      return f.b.const(32, 0);
  }
}

function lowerCall(f: Lowering, expr: CallExpr): Inst {
  const { callee, signature } = expr;
  const args: Inst[] = expr.args.map((arg) => {
    const value = f.value(arg);
    if (!isRecord(arg.type)) return value;
    const copy = f.scopedSlot('argument', arg.type);
    copyRecord(f, f.fn.frame(copy, 0), value, arg.type);
    return f.fn.frame(copy, 0);
  });
  const record = isRecord(signature.result);
  const target = record ? f.fn.frame(f.scopedSlot('result', signature.result), 0) : null;
  if (target) args.unshift(target);
  f.b.loc = expr.loc;
  const { extended } = f.module.profile;
  if (!extended && args.length > 5 && !(callee.kind === 'function' && callee.symbol.attributes.alwaysInline))
    f.noteManyArguments(expr);
  const passed = extended
    ? passing(f, args, signature.params.length + (target ? 1 : 0), signature.variadic)
    : args;
  const result = record || isVoid(signature.result) ? null : widthOf(signature.result);
  let made: Inst;
  switch (callee.kind) {
    case 'function':
      made = f.b.call({ kind: 'symbol', symbol: f.module.function(callee.symbol) }, passed, result);
      break;
    case 'helper':
    case 'helper_number':
      made = f.b.call({ kind: 'helper', id: callee.number }, passed, result);
      break;
    case 'indirect':
      made = f.b.call({ kind: 'pointer', callx: extended }, [f.value(callee.pointer), ...passed], result);
      break;
  }
  if (callee.kind === 'function' && callee.symbol.attributes.noreturn) {
    f.b.unreachable();
    f.b.at(f.fn.block());
  }
  if (target) return target;
  const small = integerOf(signature.result);
  if (result === null || !small || small.size >= 4) return made;
  if (small.rank === 0) return f.b.binary('and', made, f.b.const(32, 1));
  return small.signed
    ? f.b.sext(made, small.size * 8, 32)
    : f.b.binary('and', made, f.b.const(32, small.size === 1 ? 0xff : 0xffff));
}

/** The value; for records their address; for void anything. */
export function lowerValue(f: Lowering, expr: Expr): Inst {
  f.b.loc = expr.loc;
  switch (expr.kind) {
    case 'int':
      return f.b.const(widthOf(expr.type), expr.value);
    case 'ref':
      if (expr.symbol.kind === 'func') return f.functionAddress(expr.symbol);
      return isRecord(expr.type) ? accessAt(f, lowerPlace(f, expr)) : loadPlace(f, lowerPlace(f, expr));
    case 'member':
    case 'index':
    case 'deref':
    case 'string':
    case 'compound_literal': {
      const place = lowerPlace(f, expr);
      return isRecord(expr.type) || expr.kind === 'string' ? accessAt(f, place) : loadPlace(f, place);
    }
    case 'address_of':
      if (expr.operand.kind === 'ref' && expr.operand.symbol.kind === 'func')
        return f.functionAddress(expr.operand.symbol);
      return addressOf(f, lowerPlace(f, expr.operand));
    case 'cast':
      return lowerCast(f, expr);
    case 'unary': {
      if (expr.op === '!') return truth(f, expr);
      const value = f.value(expr.operand);
      f.b.loc = expr.loc;
      if (expr.op === '-') return f.b.binary('sub', f.b.const(value.width, 0), value);
      return f.b.binary('xor', value, f.b.const(value.width, -1));
    }
    case 'binary': {
      const a = f.value(expr.left);
      const b = f.value(expr.right);
      f.b.loc = expr.loc;
      return arithmetic(f, expr.op, expr.type, a, b);
    }
    case 'compare':
    case 'logical':
      return truth(f, expr);
    case 'pointer_add': {
      const base = f.value(expr.pointer);
      const scaled = f.b.binary('mul', f.value(expr.index), f.b.const(64, expr.elementSize));
      f.b.loc = expr.loc;
      return f.b.binary(expr.negative ? 'sub' : 'add', base, scaled);
    }
    case 'pointer_diff': {
      const bytes = f.b.binary('sub', f.value(expr.left), f.value(expr.right));
      const size = expr.elementSize;
      if (size <= 1) return bytes;
      const log2 = Math.log2(size & (0 - size));
      const shifted = log2 === 0 ? bytes : f.b.binary('ashr', bytes, f.b.const(64, log2));
      const odd = size / (size & (0 - size));
      return odd === 1 ? shifted : f.b.binary('mul', shifted, f.b.const(64, inverseOf(BigInt(odd))));
    }
    case 'conditional': {
      const end = f.fn.block();
      const yes = f.fn.block();
      const no = f.fn.block();
      const side = (block: Block, value: Expr, give: (value: Inst) => void): void => {
        f.b.at(block);
        if (isVoid(expr.type)) f.effect(value);
        else give(f.value(value));
        f.b.jump(end);
      };
      const width = isRecord(expr.type) ? 64 : widthOf(expr.type);
      return joined(f, width, (give) => {
        lowerCondition(f, expr.condition, yes, no);
        side(yes, expr.then, give);
        side(no, expr.otherwise, give);
        f.b.at(end);
      });
    }
    case 'shared': {
      let value = f.shared.get(expr);
      if (!value) f.shared.set(expr, (value = f.value(expr.operand)));
      return value;
    }
    case 'comma':
      f.effect(expr.left);
      return f.value(expr.right);
    case 'assign': {
      if (isRecord(expr.type)) {
        const from = f.value(expr.value);
        const to = accessAt(f, lowerPlace(f, expr.target));
        f.b.loc = expr.loc;
        copyRecord(f, to, from, expr.type);
        return to;
      }
      const value = f.value(expr.value);
      const place = lowerPlace(f, expr.target);
      f.b.loc = expr.loc;
      return storePlace(f, place, value);
    }
    case 'compound_assign': {
      // C leaves the order open; clang evaluates the right side first, and so do we.
      const right = f.value(expr.value);
      const place = lowerPlace(f, expr.target);
      const old = loadPlace(f, place);
      f.b.loc = expr.loc;
      if (expr.elementSize !== null) {
        const scaled = f.b.binary('mul', right, f.b.const(64, expr.elementSize));
        const moved = f.b.binary(expr.op === '-' ? 'sub' : 'add', old, scaled);
        storePlace(f, place, moved);
        return moved;
      }
      const wide = convert(f, old, expr.target.type, expr.computeType);
      const computed = arithmetic(f, expr.op, expr.computeType, wide, right);
      const value = toBoolOr(f, computed, expr.computeType, expr.target.type);
      return storePlace(f, place, value);
    }
    case 'inc_dec': {
      const place = lowerPlace(f, expr.target);
      const old = loadPlace(f, place);
      f.b.loc = expr.loc;
      const step = f.b.const(old.width, expr.op === '++' ? expr.step : 0 - expr.step);
      const sum = f.b.binary('add', old, step);
      if (sum.op === 'add' && sum.args[0] === old) sum.nsw = integerOf(expr.type)?.signed ?? false;
      const value = isPointer(expr.type) ? sum : toBoolOr(f, sum, expr.type, expr.type);
      const stored = storePlace(f, place, value);
      return expr.prefix ? stored : old;
    }
    case 'call':
      return lowerCall(f, expr);
    case 'stmt_expr':
      return f.statementExpression(expr);
    case 'builtin':
      return lowerBuiltin(f, expr);
    case 'error':
      throw new EngineBug('a faulty expression reached lowering');
  }
}

/** The number that undoes a multiplication by an odd one, modulo 2^64: each step doubles the bits that are right. */
function inverseOf(odd: bigint): bigint {
  let inverse = odd;
  for (let bits = 3; bits < 64; bits *= 2) inverse = BigInt.asIntN(64, inverse * (2n - odd * inverse));
  return inverse;
}

/** A computed integer brought into the range of the type it is stored as. */
function toBoolOr(f: Lowering, value: Inst, from: CType, to: CType): Inst {
  const int = integerOf(to);
  if (int?.rank === 0) return f.b.compare('ne', value, f.b.const(value.width, 0));
  if (!int || int.size >= 4) return convert(f, value, from, to);
  const low = f.b.trunc(value);
  return int.signed
    ? f.b.sext(low, int.size * 8, 32)
    : f.b.binary('and', low, f.b.const(32, int.size === 1 ? 0xff : 0xffff));
}

/** Evaluates for effects only. */
export function lowerEffect(f: Lowering, expr: Expr): void {
  if (expr.kind === 'cast' && expr.cast === 'to_void') return lowerEffect(f, expr.operand);
  lowerValue(f, expr);
}

export { plainPlace };
