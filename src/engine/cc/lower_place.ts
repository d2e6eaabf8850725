/**
 * Lvalues. A place is an address and how far into it; when the way leads through members of kernel types,
 * the distance is the kernel's to say, and is collected as a CO-RE access string until the place is read,
 * written or its address taken.
 *
 * Members of variables (on the stack or global) are the program's own memory and are not relocated.
 */
import type { AccessSize, Inst } from './ir.ts';
import { integerOf, qualifiersOf, sizeOf, unsugar } from './ctype.ts';
import type { CType } from './ctype.ts';
import type { Expr, MemberExpr } from './ast.ts';
import type { Lowering } from './lower_function.ts';

/** Collected member steps from the pointer that `address` is. */
interface Path {
  readonly root: CType;
  readonly steps: readonly number[];
  readonly off: number;
}
export interface Place {
  readonly address: Inst;
  readonly off: number;
  readonly path: Path | null;
  /** Of a bit-field: position in bits from address + off, and width. */
  readonly bits: { readonly at: number; readonly size: number; readonly signed: boolean } | null;
  readonly type: CType;
  readonly volatile: boolean;
  /** The program's own memory. */
  readonly own: boolean;
}

export const plainPlace = (address: Inst, type: CType, own = false): Place => ({
  address,
  off: 0,
  path: null,
  bits: null,
  type,
  volatile: qualifiersOf(type).isVolatile,
  own,
});

/** The same place with its CO-RE path computed into the address. */
function settle(f: Lowering, place: Place): Place {
  const { path } = place;
  if (!path) return place;
  const offset = f.b.relo(BigInt(path.off), 64, { kind: 0, root: path.root, access: path.steps.join(':') });
  return { ...place, address: f.b.binary('add', place.address, offset), path: null };
}

export function addressOf(f: Lowering, place: Place): Inst {
  const settled = settle(f, place);
  return f.b.offset(settled.address, settled.off);
}

function memberPlace(f: Lowering, expr: MemberExpr): Place {
  const base = lowerPlace(f, expr.base);
  const bytes = Math.floor(expr.bitOffset / 8);
  const bits =
    expr.bitSize === null
      ? null
      : { at: expr.bitOffset % 8, size: expr.bitSize, signed: integerOf(expr.type)?.signed ?? false };
  const common = {
    bits,
    type: expr.type,
    volatile: base.volatile || qualifiersOf(expr.type).isVolatile,
    own: base.own,
  };
  const first = expr.path[0];
  if (!expr.relocatable || base.own || !first) {
    const at = settle(f, base);
    return { ...common, address: at.address, off: at.off + bytes, path: null };
  }
  const indexes = expr.path.map((step) => step.index);
  if (base.path)
    return {
      ...common,
      address: base.address,
      off: 0,
      path: { ...base.path, steps: [...base.path.steps, ...indexes], off: base.path.off + bytes },
    };
  return {
    ...common,
    address: f.b.offset(base.address, base.off),
    off: 0,
    path: { root: first.record, steps: [0, ...indexes], off: bytes },
  };
}

const constantIndex = (expr: Expr): number | null => {
  if (expr.kind === 'int') return Number(expr.value);
  return expr.kind === 'cast' && expr.cast === 'int' ? constantIndex(expr.operand) : null;
};

export function lowerPlace(f: Lowering, expr: Expr): Place {
  switch (expr.kind) {
    case 'ref':
      return f.variablePlace(expr);
    case 'string':
      return plainPlace(f.stringAddress(expr.bytes), expr.type, true);
    case 'compound_literal':
      return f.literalPlace(expr.symbol);
    case 'deref':
      return plainPlace(f.value(expr.operand), expr.type);
    case 'member':
      return memberPlace(f, expr);
    case 'index': {
      const index = constantIndex(expr.index);
      const decayed =
        expr.base.kind === 'cast' && expr.base.cast === 'array_decay' ? expr.base.operand : null;
      const extra = { type: expr.type, bits: null };
      if (index !== null && decayed) {
        const array = lowerPlace(f, decayed);
        const volatile = array.volatile || qualifiersOf(expr.type).isVolatile;
        if (array.path && expr.relocatable)
          return {
            ...array,
            ...extra,
            volatile,
            path: {
              ...array.path,
              steps: [...array.path.steps, index],
              off: array.path.off + index * expr.elementSize,
            },
          };
        const at = settle(f, array);
        return { ...at, ...extra, volatile, off: at.off + index * expr.elementSize };
      }
      const base = f.value(expr.base);
      const own = decayed !== null && f.isOwn(decayed);
      if (index !== null) return { ...plainPlace(base, expr.type, own), off: index * expr.elementSize };
      const scaled = f.b.binary('mul', f.value(expr.index), f.b.const(64, expr.elementSize));
      return plainPlace(f.b.binary('add', base, scaled), expr.type, own);
    }
    case 'cast':
      if (expr.cast === 'noop' || expr.cast === 'load') return lowerPlace(f, expr.operand);
      break;
    case 'call':
    case 'stmt_expr':
    case 'conditional':
    case 'assign':
    case 'comma':
      return plainPlace(f.recordAddress(expr), expr.type, true);
    default:
  }
  return f.unsupported(expr.range, `a ${expr.kind} expression as a place`, () =>
    plainPlace(f.b.const(64, 0), expr.type),
  );
}

/** Size of the memory access for a scalar type. */
export const accessSize = (type: CType): AccessSize => {
  switch (sizeOf(type)) {
    case 1:
      return 1;
    case 2:
      return 2;
    case 4:
      return 4;
    default:
      return 8;
  }
};

interface Unit {
  readonly off: number;
  readonly size: AccessSize;
  readonly shift: number;
}
/** The smallest aligned unit that holds a bit-field. */
function unitOf(place: Place): Unit {
  const start = (place.path ? place.path.off : place.off) * 8 + (place.bits?.at ?? 0);
  const size = place.bits?.size ?? 0;
  for (const bytes of [1, 2, 4, 8] as const) {
    const first = Math.floor(start / (bytes * 8));
    if (Math.floor((start + size - 1) / (bytes * 8)) === first)
      return { off: first * bytes, size: bytes, shift: start - first * bytes * 8 };
  }
  return { off: Math.floor(start / 8), size: 8, shift: start % 8 };
}

function rawLoad(f: Lowering, place: Place, off: number, size: AccessSize): Inst {
  const { path } = place;
  if (!path) return f.b.load(place.address, off, size, place.volatile);
  return f.b.load(place.address, off, size, place.volatile, {
    kind: 0,
    root: path.root,
    access: path.steps.join(':'),
  });
}

/** The value at a place, extended as its type says. */
export function loadPlace(f: Lowering, place: Place): Inst {
  const { bits } = place;
  if (!bits) {
    const size = accessSize(place.type);
    const raw = rawLoad(f, place, place.path ? place.path.off : place.off, size);
    const int = integerOf(place.type);
    return int?.signed && size < 4 ? f.b.sext(raw, size * 8, 32) : raw;
  }
  const unit = unitOf(place);
  const raw = rawLoad(f, place, unit.off, unit.size);
  const width = raw.width;
  const wide = accessSize(place.type) === 8 ? 64 : 32;
  const left = f.b.binary('shl', raw, f.b.const(width, width - unit.shift - bits.size));
  const value = f.b.binary(bits.signed ? 'ashr' : 'lshr', left, f.b.const(width, width - bits.size));
  if (width === wide) return value;
  if (wide === 32) return f.b.trunc(value);
  return bits.signed ? f.b.sext(value, 32, 64) : f.b.zext(value);
}

/** Stores a scalar. @returns what the place then holds: a bit-field keeps only its bits */
export function storePlace(f: Lowering, place: Place, value: Inst): Inst {
  const { bits, path } = place;
  const relo = path ? { kind: 0, root: path.root, access: path.steps.join(':') } : null;
  if (!bits) {
    const size = accessSize(place.type);
    f.b.store(place.address, path ? path.off : place.off, size, value, place.volatile, relo);
    return value;
  }
  const unit = unitOf(place);
  const raw = rawLoad(f, place, unit.off, unit.size);
  const mask = ((1n << BigInt(bits.size)) - 1n) << BigInt(unit.shift);
  const sized = raw.width === 64 ? f.b.zext(value) : f.b.trunc(value);
  const put = f.b.binary(
    'and',
    f.b.binary('shl', sized, f.b.const(raw.width, unit.shift)),
    f.b.const(raw.width, mask),
  );
  const rest = f.b.binary('and', raw, f.b.const(raw.width, ~mask));
  f.b.store(place.address, unit.off, unit.size, f.b.binary('or', rest, put), place.volatile, relo);
  if (bits.size === value.width) return value;
  const spare = f.b.const(value.width, value.width - bits.size);
  return f.b.binary(bits.signed ? 'ashr' : 'lshr', f.b.binary('shl', value, spare), spare);
}

/** True for records, whose value is their address. */
export const isRecord = (type: CType): boolean => unsugar(type).kind === 'record';
