/** Builtin functions. */
import { evaluateInt } from './const_eval.ts';
import type { Builtin, BuiltinExpr, Expr } from './ast.ts';
import { FieldInfo } from './ast.ts';
import { addressSpaceOf, pointee, sizeOf, unsugar, VOID } from './ctype.ts';
import type { CType } from './ctype.ts';
import type { AccessSize, Inst } from './ir.ts';
import { ENUM_KIND, TYPE_ID_KIND, TYPE_KIND } from './core_reloc.ts';
import { variadicStart } from './lower_abi.ts';
import { widthOf } from './lower_expr.ts';
import { noLibrary } from './cpu.ts';
import type { Lowering } from './lower_function.ts';
import { lowerOverflow } from './lower_overflow.ts';
import { alignmentOf, copyBytes, fillBytes, pieces, pointeeAlign } from './lower_memory.ts';
import { accessSize, lowerPlace } from './lower_place.ts';
import type { Place } from './lower_place.ts';

type Named<N extends Builtin['name']> = Extract<Builtin, { readonly name: N }>;

/** Value of a field relocation against the program's own idea of the type. */
function localFieldInfo(place: Place, info: number): bigint {
  const start = place.path?.off ?? place.off;
  const size = accessSize(place.type);
  const whole = sizeOf(place.type) ?? 0;
  if (!place.bits) {
    const values: Readonly<Record<number, number>> = {
      [FieldInfo.BYTE_OFFSET]: start,
      [FieldInfo.BYTE_SIZE]: whole,
      [FieldInfo.EXISTS]: 1,
      [FieldInfo.SIGNED]: isSigned(place.type) ? 1 : 0,
      [FieldInfo.LSHIFT_U64]: 64 - whole * 8,
      [FieldInfo.RSHIFT_U64]: 64 - whole * 8,
    };
    return BigInt(values[info] ?? 0);
  }
  const bit = start * 8 + place.bits.at;
  const unit = Math.floor(bit / (size * 8)) * size;
  const values: Readonly<Record<number, number>> = {
    [FieldInfo.BYTE_OFFSET]: unit,
    [FieldInfo.BYTE_SIZE]: size,
    [FieldInfo.EXISTS]: 1,
    [FieldInfo.SIGNED]: place.bits.signed ? 1 : 0,
    [FieldInfo.LSHIFT_U64]: 64 - (bit + place.bits.size - unit * 8),
    [FieldInfo.RSHIFT_U64]: 64 - place.bits.size,
  };
  return BigInt(values[info] ?? 0);
}

const isSigned = (type: CType): boolean => {
  const bare = unsugar(type);
  return bare.kind === 'int' ? bare.signed : bare.kind === 'enum' && (bare.body?.underlying.signed ?? false);
};

/** Sizes of memory builtins that are loads and stores at once. */
const isSmall = (size: Inst): boolean => size.op === 'const' && size.imm >= 0n && size.imm <= 4096n;

/** A pointer through which memory is accessed. */
const pointerTo = (f: Lowering, pointer: Expr): Inst =>
  f.b.space(f.value(pointer), addressSpaceOf(pointer.type), 0);

/** There is no library that has the function. */
function noCall(f: Lowering, expr: BuiltinExpr, name: string): Inst {
  f.module.diagnostics.error(expr.range, noLibrary(name));
  return f.b.const(32, 0);
}

function constantSize(f: Lowering, expr: BuiltinExpr, size: Expr): number {
  const value = f.value(size);
  if (value.op === 'const') return Number(value.imm);
  noCall(f, expr, 'memcmp');
  return 0;
}

/** Compares pieces as numbers whose first byte counts most: -1, 0 or 1. */
function memcmp(f: Lowering, a: Inst, b: Inst, size: number, align: number): Inst {
  const slot = f.fn.frame(f.fn.slot('', 4, 4), 0);
  const end = f.fn.block();
  const give = (value: Inst): void => f.b.store(slot, 0, 4, value);
  const ordered = (raw: Inst, bytes: AccessSize): Inst => (bytes === 1 ? raw : f.b.bswap(raw, bytes * 8));
  for (const piece of pieces(size, align)) {
    const x = ordered(f.b.load(a, piece.off, piece.size), piece.size);
    const y = ordered(f.b.load(b, piece.off, piece.size), piece.size);
    const [differ, next] = [f.fn.block(), f.fn.block()];
    f.b.branch('ne', x, y, differ, next);
    f.b.at(differ);
    const above = f.b.compare('ugt', x, y);
    give(f.b.binary('sub', f.b.binary('shl', above, f.b.const(32, 1)), f.b.const(32, 1)));
    f.b.jump(end);
    f.b.at(next);
  }
  give(f.b.const(32, 0));
  f.b.jump(end);
  f.b.at(end);
  return f.b.load(slot, 0, 4);
}

/** True when two stretches of memory differ: what `memcmp(a, b, n) != 0` asks. */
export function memoryDiffers(f: Lowering, expr: BuiltinExpr, builtin: Named<'memcmp'>): Inst {
  const a = f.value(builtin.left);
  const b = f.value(builtin.right);
  const size = constantSize(f, expr, builtin.size);
  const align = commonAlign(builtin, a, b);
  const parts = pieces(size, align).map((piece) => {
    const [x, y] = [a, b].map((from) => f.b.load(from, piece.off, piece.size)) as [Inst, Inst];
    return f.b.zext(f.b.binary('xor', x, y));
  });
  const all = parts.reduce((so, part) => f.b.binary('or', so, part), f.b.const(64, 0));
  return f.b.compare('ne', all, f.b.const(64, 0));
}

const commonAlign = (builtin: Named<'memcmp'>, a: Inst, b: Inst): number =>
  Math.min(alignmentOf(a, pointeeAlign(builtin.left)), alignmentOf(b, pointeeAlign(builtin.right)));

/** Number of set bits, by adding neighbouring fields of growing width. */
function popcount(f: Lowering, x: Inst, bits: 32 | 64): Inst {
  const c = (value: bigint): Inst => f.b.const(bits, value & ((1n << BigInt(bits)) - 1n));
  const shifted = (value: Inst, by: bigint): Inst => f.b.binary('lshr', value, c(by));
  const pairs = f.b.binary('sub', x, f.b.binary('and', shifted(x, 1n), c(0x5555_5555_5555_5555n)));
  const nibbles = f.b.binary(
    'add',
    f.b.binary('and', pairs, c(0x3333_3333_3333_3333n)),
    f.b.binary('and', shifted(pairs, 2n), c(0x3333_3333_3333_3333n)),
  );
  const bytes = f.b.binary(
    'and',
    f.b.binary('add', nibbles, shifted(nibbles, 4n)),
    c(0x0f0f_0f0f_0f0f_0f0fn),
  );
  return shifted(f.b.binary('mul', bytes, c(0x0101_0101_0101_0101n)), BigInt(bits - 8));
}

function countBits(f: Lowering, builtin: Named<'popcount' | 'clz' | 'ctz' | 'ffs'>): Inst {
  const { bits } = builtin;
  const x = f.value(builtin.operand);
  const one = f.b.const(bits, 1);
  const lowBits = (): Inst =>
    popcount(
      f,
      f.b.binary('and', f.b.binary('xor', x, f.b.const(bits, -1)), f.b.binary('sub', x, one)),
      bits,
    );
  const result = (): Inst => {
    switch (builtin.name) {
      case 'popcount':
        return popcount(f, x, bits);
      case 'ctz':
        return lowBits();
      case 'ffs': {
        // (bits below the lowest set one + 1), or 0: multiply by "is not zero".
        const some = f.b.compare('ne', x, f.b.const(bits, 0));
        return f.b.binary('mul', f.b.binary('add', lowBits(), one), bits === 64 ? f.b.zext(some) : some);
      }
      case 'clz': {
        let smeared = x;
        for (let by = 1; by < bits; by *= 2)
          smeared = f.b.binary('or', smeared, f.b.binary('lshr', smeared, f.b.const(bits, by)));
        return popcount(f, f.b.binary('xor', smeared, f.b.const(bits, -1)), bits);
      }
    }
  };
  return f.b.trunc(result());
}

function atomicRmw(f: Lowering, expr: BuiltinExpr, builtin: Named<'atomic_rmw'>): Inst {
  const size = accessSize(pointee(builtin.pointer.type) ?? VOID);
  const address = pointerTo(f, builtin.pointer);
  let value = f.value(builtin.value);
  if (size < 4) return f.unsupported(expr.range, 'an atomic operation on fewer than 4 bytes', () => value);
  if (builtin.op === 'sub') value = f.b.binary('sub', f.b.const(value.width, 0), value);
  const op = builtin.op === 'sub' ? 'add' : builtin.op;
  f.b.loc = expr.loc;
  const old = f.b.other('atomic', value.width, [address, value], (inst) => {
    Object.assign(inst, { size, atomic: op, fetch: true });
  });
  return builtin.fetch === 'new' && op !== 'xchg' ? f.b.binary(op, old, value) : old;
}

function atomicCas(f: Lowering, expr: BuiltinExpr, builtin: Named<'atomic_cas'>): Inst {
  const size = accessSize(pointee(builtin.pointer.type) ?? VOID);
  const address = pointerTo(f, builtin.pointer);
  const expected = f.value(builtin.expected);
  const desired = f.value(builtin.desired);
  if (size < 4) return f.unsupported(expr.range, 'an atomic operation on fewer than 4 bytes', () => expected);
  f.b.loc = expr.loc;
  const old = f.b.other('atomic', expected.width, [address, expected, desired], (inst) => {
    Object.assign(inst, { size, atomic: 'cmpxchg', fetch: true });
  });
  return builtin.result === 'old' ? old : f.b.compare('eq', old, expected);
}

export function lowerBuiltin(f: Lowering, expr: BuiltinExpr): Inst {
  const { builtin } = expr;
  const width = widthOf(expr.type);
  const nothing = (): Inst => f.b.const(32, 0);
  switch (builtin.name) {
    case 'preserve_field_info': {
      const place = lowerPlace(f, builtin.place);
      const value = localFieldInfo(place, builtin.info);
      if (!place.path) return f.b.const(width, value);
      return f.b.relo(value, width, {
        kind: builtin.info,
        root: place.path.root,
        access: place.path.steps.join(':'),
      });
    }
    case 'preserve_type_info': {
      const value = builtin.info === 1 ? BigInt(sizeOf(builtin.of) ?? 0) : 1n;
      return f.b.relo(value, width, { kind: TYPE_KIND[builtin.info] ?? 8, root: builtin.of, access: '0' });
    }
    case 'preserve_enum_value': {
      const bare = unsugar(builtin.of);
      const all = bare.kind === 'enum' ? (bare.body?.enumerators ?? []) : [];
      const index = all.findIndex((e) => e.name === builtin.enumerator);
      const value = builtin.info === 1 ? (all[index]?.value ?? 0n) : 1n;
      return f.b.relo(value, width, {
        kind: ENUM_KIND[builtin.info] ?? 10,
        root: builtin.of,
        access: String(Math.max(index, 0)),
      });
    }
    case 'btf_type_id':
      return f.b.relo(0n, width, { kind: TYPE_ID_KIND[builtin.info] ?? 6, root: builtin.of, access: '0' });
    case 'memcpy':
    case 'memmove': {
      const to = f.value(builtin.dst);
      const from = f.value(builtin.src);
      const size = f.value(builtin.size);
      const aligns = [pointeeAlign(builtin.dst), pointeeAlign(builtin.src)] as const;
      f.b.loc = expr.loc;
      if (isSmall(size)) copyBytes(f, to, from, Number(size.imm), aligns);
      else f.b.call({ kind: 'memory', name: 'memcpy', aligns }, [to, from, size], null);
      return to;
    }
    case 'memset': {
      const to = f.value(builtin.dst);
      const byte = f.value(builtin.value);
      const size = f.value(builtin.size);
      const align = pointeeAlign(builtin.dst);
      f.b.loc = expr.loc;
      if (isSmall(size)) fillBytes(f, to, byte, Number(size.imm), align);
      else f.b.call({ kind: 'memory', name: 'memset', aligns: [align, 1] }, [to, byte, size], null);
      return to;
    }
    case 'memcmp': {
      const [left, right] = [f.value(builtin.left), f.value(builtin.right)];
      const size = constantSize(f, expr, builtin.size);
      return memcmp(f, left, right, size, commonAlign(builtin, left, right));
    }
    case 'strcmp': {
      const known = evaluateInt(expr);
      if (known !== null) return f.b.const(32, known);
      return f.b.call({ kind: 'text', name: 'strcmp' }, [f.value(builtin.left), f.value(builtin.right)], 32);
    }
    case 'strlen': {
      const known = evaluateInt(expr);
      if (known !== null) return f.b.const(64, known);
      return f.b.call({ kind: 'text', name: 'strlen' }, [f.value(builtin.operand)], 64);
    }
    case 'bswap': {
      const value = f.value(builtin.operand);
      f.b.loc = expr.loc;
      if (value.op !== 'const') return f.b.bswap(value, builtin.bits);
      let swapped = 0n;
      for (let i = 0; i < builtin.bits; i += 8)
        swapped = (swapped << 8n) | ((value.imm >> BigInt(i)) & 0xffn);
      return f.b.const(width, swapped);
    }
    case 'popcount':
    case 'clz':
    case 'ctz':
    case 'ffs':
      return countBits(f, builtin);
    case 'expect':
      return f.value(builtin.operand);
    case 'constant_p':
      return f.b.const(width, f.value(builtin.operand).op === 'const' ? 1 : 0);
    case 'unreachable':
    case 'trap':
      f.b.unreachable();
      f.b.at(f.fn.block());
      return nothing();
    case 'atomic_rmw':
      return atomicRmw(f, expr, builtin);
    case 'atomic_cas':
      return atomicCas(f, expr, builtin);
    case 'atomic_load': {
      const size: AccessSize = accessSize(pointee(builtin.pointer.type) ?? VOID);
      return f.b.load(pointerTo(f, builtin.pointer), 0, size, true);
    }
    case 'atomic_store': {
      const size = accessSize(pointee(builtin.pointer.type) ?? VOID);
      f.b.store(pointerTo(f, builtin.pointer), 0, size, f.value(builtin.value), true);
      return nothing();
    }
    case 'barrier':
      return f.b.other('asm', 64, [], (inst) => {
        inst.asm = {
          lines: [],
          refused: null,
          linesWith: null,
          clobbers: [],
          outputs: [],
          chosen: new Map(),
        };
      });
    case 'va_start':
      return variadicStart(f, f.paramCount);
    case 'overflow':
      return lowerOverflow(f, expr, builtin);
  }
}
