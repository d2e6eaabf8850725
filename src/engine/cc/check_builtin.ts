/** Builtin functions called by name: their operands and results. */
import type { Builtin, Expr } from './ast.ts';
import * as C from './ctype.ts';
import type { CType } from './ctype.ts';
import { typeText } from './ctype_text.ts';
import { SYNC_BUILTINS } from './builtins.ts';
import { evaluate, evaluateInt } from './const_eval.ts';
import type { Context } from './check_context.ts';
import { checkAssign } from './check_expr.ts';
import { preserveAccess } from './check_access.ts';
import { assignTo, convertScalar, errorExpr, intExpr, isError, promote, rvalue } from './check_convert.ts';
import { checkMemorySize } from './check_sizes.ts';
import type { Range } from './source.ts';

type Rule = (call: Call) => Expr;

/** One call of a builtin, with the operations its rule is made of. */
class Call {
  readonly context: Context;
  readonly name: string;
  readonly args: readonly Expr[];
  readonly range: Range;

  constructor(context: Context, name: string, args: readonly Expr[], range: Range) {
    this.context = context;
    this.name = name;
    this.args = args;
    this.range = range;
  }

  error(message: string): Expr {
    this.context.error(this.range, message);
    return errorExpr(this.range);
  }

  make(builtin: Builtin, type: CType): Expr {
    return { kind: 'builtin', builtin, type, range: this.range, loc: this.range.start };
  }

  place(i: number): Expr {
    return this.args[i] ?? errorExpr(this.range);
  }

  value(i: number): Expr {
    return rvalue(this.place(i));
  }

  as(i: number, type: CType): Expr {
    return assignTo(this.context, this.value(i), type, { kind: 'passing', param: '' });
  }

  /** A constant operand that selects a variant, or null. */
  selector(i: number): number | null {
    const value = evaluateInt(this.value(i));
    return value === null ? null : Number(value);
  }
}

const CONST_VOID_PTR = C.pointerTo(C.qualify(C.VOID, { ...C.NO_QUALIFIERS, isConst: true }));
const CONST_CHAR_PTR = C.pointerTo(C.qualify(C.CHAR, { ...C.NO_QUALIFIERS, isConst: true }));
const VOID_PTR = C.pointerTo(C.VOID);

const copy =
  (name: 'memcpy' | 'memmove'): Rule =>
  (call) =>
    call.make(
      { name, dst: call.as(0, VOID_PTR), src: call.as(1, CONST_VOID_PTR), size: call.as(2, C.ULONG) },
      VOID_PTR,
    );

const swap =
  (bits: 16 | 32 | 64, type: C.IntType): Rule =>
  (call) => {
    const operand = call.as(0, type);
    if (operand.kind !== 'int') return call.make({ name: 'bswap', bits, operand }, type);
    let swapped = 0n;
    for (let i = 0; i < bits; i += 8) swapped = (swapped << 8n) | ((operand.value >> BigInt(i)) & 0xffn);
    return intExpr(swapped, type, call.range);
  };

/** Strips the casts and the `*` of `*(type *)value`: the enumerator that was written, if any. */
function writtenEnumerator(expr: Expr): Extract<Expr, { kind: 'int' }>['enumerator'] {
  let at = expr;
  while (at.kind === 'cast' || at.kind === 'deref') at = at.operand;
  return at.kind === 'int' ? at.enumerator : null;
}

/** The lvalue that a builtin's operand names, whether or not its value was asked for. */
function namedPlace(expr: Expr): Expr {
  let at = expr;
  while (at.kind === 'cast' && (at.cast === 'load' || at.cast === 'array_decay')) at = at.operand;
  return at;
}

function atomicPointer(call: Call): { pointer: Expr; of: CType } | null {
  const pointer = call.value(0);
  const of = C.pointee(pointer.type);
  const size = of === null ? null : C.sizeOf(of);
  if (of === null || !C.isScalar(of) || (size !== 4 && size !== 8 && size !== 1 && size !== 2)) {
    call.error(`${call.name} needs a pointer to an integer or a pointer, not '${typeText(pointer.type)}'`);
    return null;
  }
  return { pointer, of: C.unqualified(of) };
}

const exchange =
  (result: 'old' | 'bool'): Rule =>
  (call) => {
    const target = atomicPointer(call);
    if (!target) return errorExpr(call.range);
    const { pointer, of } = target;
    return call.make(
      { name: 'atomic_cas', result, pointer, expected: call.as(1, of), desired: call.as(2, of) },
      result === 'old' ? of : C.BOOL,
    );
  };

const bitCount =
  (name: 'popcount' | 'clz' | 'ctz' | 'ffs', bits: 32 | 64): Rule =>
  (call) =>
    call.make({ name, bits, operand: call.as(0, bits === 32 ? C.UINT : C.ULONG) }, C.INT);

const overflow =
  (op: '+' | '-' | '*'): Rule =>
  (call) =>
    call.make(
      { name: 'overflow', op, left: call.value(0), right: call.value(1), result: call.value(2) },
      C.BOOL,
    );

function constantP(call: Call): Expr {
  const operand = call.value(0);
  const known = evaluate(operand);
  const literal =
    operand.kind === 'cast' && operand.cast === 'array_decay' && operand.operand.kind === 'string';
  if (known?.kind === 'int' || literal) return intExpr(1n, C.INT, call.range);
  if (known?.kind === 'address') return intExpr(0n, C.INT, call.range);
  return call.make({ name: 'constant_p', operand }, C.INT);
}

function fieldInfo(call: Call): Expr {
  const place = preserveAccess(namedPlace(call.place(0)));
  const info = call.selector(1);
  if (place.kind !== 'member' && place.kind !== 'index')
    return call.error(`${call.name} needs a field access such as s->field`);
  if (info === null || info < 0 || info > 5) return call.error(`${call.name}: unknown kind of field info`);
  return call.make({ name: 'preserve_field_info', place, info }, C.UINT);
}

function enumValue(call: Call): Expr {
  const place = namedPlace(call.place(0));
  const info = call.selector(1);
  const enumerator = writtenEnumerator(place);
  if (!enumerator || C.unsugar(place.type).kind !== 'enum')
    return call.error(`${call.name} needs an enum type and one of its enumerators`);
  return call.make(
    {
      name: 'preserve_enum_value',
      of: C.unqualified(place.type),
      enumerator: enumerator.name,
      info: info ?? 0,
    },
    C.ULONG,
  );
}

const typeBuiltin =
  (name: 'preserve_type_info' | 'btf_type_id', type: CType): Rule =>
  (call) => {
    const info = call.selector(1);
    if (info === null) return call.error(`${call.name}: the second argument must be constant`);
    return call.make({ name, of: namedPlace(call.place(0)).type, info }, type);
  };

/** Number of arguments and rule of every builtin. */
const RULES: Readonly<Record<string, readonly [args: number, rule: Rule]>> = {
  __builtin_memcpy: [3, copy('memcpy')],
  __builtin_memcpy_inline: [3, copy('memcpy')],
  __builtin_memmove: [3, copy('memmove')],
  __builtin_memset: [
    3,
    (c) =>
      c.make(
        { name: 'memset', dst: c.as(0, VOID_PTR), value: c.as(1, C.INT), size: c.as(2, C.ULONG) },
        VOID_PTR,
      ),
  ],
  __builtin_memcmp: [3, (c) => compareMemory(c)],
  __builtin_bcmp: [3, (c) => compareMemory(c)],
  __builtin_strcmp: [
    2,
    (c) => c.make({ name: 'strcmp', left: c.as(0, CONST_CHAR_PTR), right: c.as(1, CONST_CHAR_PTR) }, C.INT),
  ],
  __builtin_strlen: [1, (c) => c.make({ name: 'strlen', operand: c.as(0, CONST_CHAR_PTR) }, C.ULONG)],
  __builtin_bswap16: [1, swap(16, C.USHORT)],
  __builtin_bswap32: [1, swap(32, C.UINT)],
  __builtin_bswap64: [1, swap(64, C.ULONG)],
  __builtin_expect: [
    2,
    (c) => c.make({ name: 'expect', operand: c.as(0, C.LONG), expected: c.as(1, C.LONG) }, C.LONG),
  ],
  __builtin_constant_p: [1, constantP],
  __builtin_unreachable: [0, (c) => c.make({ name: 'unreachable' }, C.VOID)],
  __builtin_trap: [0, (c) => c.make({ name: 'trap' }, C.VOID)],
  __builtin_assume: [1, (c) => convertScalar(intExpr(0n, C.INT, c.range), C.VOID)],
  __builtin_va_start: [2, (c) => vaStart(c)],
  __builtin_object_size: [2, (c) => intExpr(2n ** 64n - 1n, C.ULONG, c.range)],
  __builtin_add_overflow: [3, overflow('+')],
  __builtin_sub_overflow: [3, overflow('-')],
  __builtin_mul_overflow: [3, overflow('*')],
  __builtin_preserve_access_index: [1, (c) => ({ ...preserveAccess(c.value(0)), range: c.range })],
  __builtin_preserve_field_info: [2, fieldInfo],
  __builtin_preserve_type_info: [2, typeBuiltin('preserve_type_info', C.UINT)],
  __builtin_preserve_enum_value: [2, enumValue],
  __builtin_btf_type_id: [2, typeBuiltin('btf_type_id', C.ULONG)],
  __sync_val_compare_and_swap: [3, exchange('old')],
  __sync_bool_compare_and_swap: [3, exchange('bool')],
  __sync_synchronize: [0, (c) => c.make({ name: 'barrier' }, C.VOID)],
  __atomic_thread_fence: [1, (c) => c.make({ name: 'barrier' }, C.VOID)],
  __atomic_load_n: [
    2,
    (c) => {
      const target = atomicPointer(c);
      return target
        ? c.make({ name: 'atomic_load', pointer: target.pointer }, target.of)
        : errorExpr(c.range);
    },
  ],
  __atomic_store_n: [
    3,
    (c) => {
      const target = atomicPointer(c);
      if (!target) return errorExpr(c.range);
      return c.make({ name: 'atomic_store', pointer: target.pointer, value: c.as(1, target.of) }, C.VOID);
    },
  ],
  ...Object.fromEntries(
    (['popcount', 'clz', 'ctz', 'ffs'] as const).flatMap((name) => [
      [`__builtin_${name}`, [1, bitCount(name, 32)] as const],
      [`__builtin_${name}l`, [1, bitCount(name, 64)] as const],
      [`__builtin_${name}ll`, [1, bitCount(name, 64)] as const],
    ]),
  ),
};

/** `ap = address of the arguments behind the last named one` */
function vaStart(call: Call): Expr {
  const { context, range } = call;
  if (!context.profile.extended) return call.error(`${call.name} is not supported in BPF programs`);
  if (context.function?.symbol.signature.variadic !== true)
    return call.error("'va_start' used in a function with fixed arguments");
  const start = call.make({ name: 'va_start' }, VOID_PTR);
  return checkAssign(context, call.place(0), start, range.start);
}

function compareMemory(call: Call): Expr {
  const operands = { left: call.as(0, CONST_VOID_PTR), right: call.as(1, CONST_VOID_PTR) };
  return call.make({ name: 'memcmp', ...operands, size: call.as(2, C.ULONG) }, C.INT);
}

function atomicUpdate(call: Call): Expr {
  const sync = SYNC_BUILTINS.get(call.name);
  const target = sync ? atomicPointer(call) : null;
  if (!sync || !target) return errorExpr(call.range);
  const { pointer, of } = target;
  const value = C.isPointer(of) ? convertScalar(promote(call.value(1)), of) : call.as(1, of);
  return call.make({ name: 'atomic_rmw', ...sync, pointer, value }, of);
}

/** A call of one of CALL_BUILTINS. */
export function checkBuiltinCall(context: Context, name: string, args: readonly Expr[], range: Range): Expr {
  if (args.some(isError)) return errorExpr(range);
  const call = new Call(context, name, args, range);
  const sync = SYNC_BUILTINS.has(name);
  const [count, rule] = RULES[name] ?? [name.startsWith('__atomic') ? 3 : 2, atomicUpdate];
  const legacyExtra = sync && name.startsWith('__sync') && args.length > count;
  if (args.length !== count && !legacyExtra)
    return call.error(
      `too ${args.length < count ? 'few' : 'many'} arguments to '${name}': expected ${count}, have ${args.length}`,
    );
  checkMemorySize(context, name, args, range);
  const result = rule(call);
  return result.kind === 'builtin' && operandsOf(result.builtin).some(isError) ? errorExpr(range) : result;
}

function operandsOf(builtin: Builtin): Expr[] {
  return Object.values(builtin).filter(
    (part): part is Expr => typeof part === 'object' && part !== null && 'kind' in part && 'range' in part,
  );
}
