/**
 * Lvalues. A place is an address and how far into it; when the way leads through members of kernel types,
 * the distance is the kernel's to say, and is collected as a CO-RE access string until the place is read,
 * written or its address taken.
 *
 * Members of variables (on the stack or global) are the program's own memory and are not relocated.
 */
import type { Bytes } from '../../shared/brand.ts';
import { slotAlign } from './ir.ts';
import type { AccessSize, Inst } from './ir.ts';
import { alignOf, integerOf, qualifiersOf, sizeOf, unsugar } from './ctype.ts';
import type { CType } from './ctype.ts';
import type { Expr, MemberExpr } from './ast.ts';
import type { Lowering } from './lower_function.ts';

/** Collected member steps from the pointer that `address` is. */
interface Path {
  readonly root: CType;
  readonly steps: readonly number[];
  readonly off: number;
}
export interface BitField {
  /** Position in bits from address + off. */
  readonly at: number;
  /** Width in bits. */
  readonly size: number;
  readonly signed: boolean;
  /** Bytes of the record from address + off on: no access may go beyond. */
  readonly room: Bytes;
  /** The record's alignment: accesses are no wider. */
  readonly align: Bytes;
  /** Bytes from address + off that only bit-fields lie in: from, to. Null: not known. */
  readonly run: readonly [Bytes, Bytes] | null;
}
export interface Place {
  readonly address: Inst;
  readonly off: number;
  readonly path: Path | null;
  readonly bits: BitField | null;
  readonly type: CType;
  readonly volatile: boolean;
  /** The program's own memory. */
  readonly own: boolean;
  /** Of the address: accesses need one in the kernel's. */
  readonly space: number;
  /** What the address is a multiple of, as far as types say: less than the type wants in packed records. */
  readonly align: Bytes;
}

export const plainPlace = (address: Inst, type: CType, own = false): Place => ({
  address,
  off: 0,
  path: null,
  bits: null,
  type,
  volatile: qualifiersOf(type).isVolatile,
  space: qualifiersOf(type).addressSpace,
  own,
  align: alignOf(type),
});

/** The alignment of what lies `bytes` behind something aligned. */
const alignAt = (align: Bytes, bytes: Bytes): Bytes =>
  bytes === 0 ? align : Math.min(align, bytes & (0 - bytes));

/** The same place with its CO-RE path computed into the address. */
function settle(f: Lowering, place: Place): Place {
  const { path } = place;
  if (!path) return place;
  const offset = f.b.relo(BigInt(path.off), 64, { kind: 0, root: path.root, access: path.steps.join(':') });
  return { ...place, address: f.b.binary('add', place.address, offset), path: null };
}

/** Where loads and stores go. */
const base = (f: Lowering, { address, space }: Place): Inst => f.b.space(address, space, 0);

/** The address for an access: of a record that is copied. */
export const accessAt = (f: Lowering, place: Place): Inst => f.b.space(addressOf(f, place), place.space, 0);

export function addressOf(f: Lowering, place: Place): Inst {
  const settled = settle(f, place);
  return f.b.offset(settled.address, settled.off);
}

/** The bytes around a bit-field in which there is nothing else, from its first byte. */
function bitFieldRun(expr: MemberExpr, first: Bytes): readonly [Bytes, Bytes] | null {
  const record = unsugar(expr.base.type);
  if (record.kind !== 'record' || record.tag === 'union' || !record.layout) return null;
  const { members, size } = record.layout;
  const at = members.findIndex((m) => m.bitSize !== null && m.bitOffset === expr.bitOffset);
  if (at < 0) return null;
  const before = members.findLast((m, i) => i < at && m.bitSize === null);
  const after = members.find((m, i) => i > at && m.bitSize === null);
  const from = before ? Math.floor(before.bitOffset / 8) + (sizeOf(before.type) ?? 0) : 0;
  return [from - first, (after ? Math.floor(after.bitOffset / 8) : size) - first];
}

function memberPlace(f: Lowering, expr: MemberExpr): Place {
  const base = lowerPlace(f, expr.base);
  const bytes = Math.floor(expr.bitOffset / 8);
  const bits =
    expr.bitSize === null
      ? null
      : {
          at: expr.bitOffset % 8,
          size: expr.bitSize,
          signed: integerOf(expr.type)?.signed ?? false,
          room: (sizeOf(expr.base.type) ?? 0) - bytes,
          align: alignOf(expr.base.type),
          run: bitFieldRun(expr, bytes),
        };
  const common = {
    bits,
    type: expr.type,
    volatile: base.volatile || qualifiersOf(expr.type).isVolatile,
    own: base.own,
    space: base.space,
    align: alignAt(base.align, bytes),
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
        const align = alignAt(array.align, index * expr.elementSize);
        return { ...at, ...extra, volatile, align, off: at.off + index * expr.elementSize };
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
/**
 * The aligned unit of the record in which a bit-field is read and written; null when only single bytes do. In the
 * program's own memory the largest that holds nothing but bit-fields: neighbours are then in the same one.
 * In the kernel's the smallest.
 */
function unitOf(place: Place, bits: BitField): Unit | null {
  const base = place.path ? place.path.off : place.off;
  const start = base * 8 + bits.at;
  const fitting = ([1, 2, 4, 8] as const).flatMap((size): Unit[] => {
    const off = Math.floor(start / (size * 8)) * size;
    const holds = start + bits.size <= (off + size) * 8 && off + size <= base + bits.room;
    return size <= bits.align && holds ? [{ off, size, shift: start - off * 8 }] : [];
  });
  const { run } = bits;
  const shared =
    place.path || !run
      ? undefined
      : fitting.findLast(({ off, size }) => off >= base + run[0] && off + size <= base + run[1]);
  return shared ?? fitting[0] ?? null;
}

/** Bytes that a bit-field lies in, each with the field's bits in it and how far left the field stands from it. */
const bytesOf = ({ at, size }: BitField): { off: number; mask: bigint; left: number }[] =>
  Array.from({ length: Math.ceil((at + size) / 8) }, (_, off) => ({
    off,
    mask: ((((1n << BigInt(size)) - 1n) << BigInt(at)) >> BigInt(8 * off)) & 0xffn,
    left: at - 8 * off,
  }));

/** A 64-bit value moved left, or right when `by` is negative. */
const moved = (f: Lowering, value: Inst, by: number): Inst =>
  by === 0 ? value : f.b.binary(by > 0 ? 'shl' : 'lshr', value, f.b.const(64, Math.abs(by)));

function loadBytes(f: Lowering, place: Place, bits: BitField): Inst {
  const base = place.path ? place.path.off : place.off;
  const parts = bytesOf(bits).map(({ off, left }) =>
    moved(f, f.b.zext(rawLoad(f, place, base + off, 1)), -left),
  );
  return parts.reduce((all, part) => f.b.binary('or', all, part));
}

function storeBytes(f: Lowering, place: Place, bits: BitField, value: Inst): void {
  const wide = f.b.zext(value);
  for (const { off, mask, left } of bytesOf(bits)) {
    const part = f.b.trunc(moved(f, wide, left));
    const at = place.off + off;
    const rest = (): Inst => f.b.binary('and', rawLoad(f, place, at, 1), f.b.const(32, ~mask & 0xffn));
    const byte = f.b.binary('and', part, f.b.const(32, mask));
    f.b.store(
      base(f, place),
      at,
      1,
      mask === 0xffn ? byte : f.b.binary('or', rest(), byte),
      place.volatile,
      null,
    );
  }
}

function rawLoad(f: Lowering, place: Place, off: number, size: AccessSize): Inst {
  const { path } = place;
  if (!path) return f.b.load(base(f, place), off, size, place.volatile);
  return f.b.load(base(f, place), off, size, place.volatile, {
    kind: 0,
    root: path.root,
    access: path.steps.join(':'),
  });
}

/** What a place is known to be a multiple of; the stack's slots say it themselves. */
function alignHere({ address, off, align }: Place): Bytes {
  if (address.op !== 'frame' || !address.slot) return align;
  return alignAt(Math.min(slotAlign(address.slot), 8), Math.abs(address.off + off));
}

/** True when a place need not be aligned as its size wants: a member of a packed record, in the program's memory. */
const isMisaligned = (place: Place, size: AccessSize): boolean =>
  place.path === null && alignHere(place) < size;

/** Offsets of the aligned parts of a misaligned place. */
function partsOf(place: Place, size: AccessSize): { off: number; size: AccessSize; by: number }[] {
  const step = ([4, 2, 1] as const).find((s) => s <= alignHere(place)) ?? 1;
  return Array.from({ length: size / step }, (_, i) => ({
    off: place.off + i * step,
    size: step,
    by: 8 * i * step,
  }));
}

function loadParts(f: Lowering, place: Place, size: AccessSize): Inst {
  const width = size === 8 ? 64 : 32;
  const parts = partsOf(place, size).map(({ off, size: part, by }) => {
    const raw = f.b.load(base(f, place), off, part, place.volatile);
    const wide = width === 64 ? f.b.zext(raw) : raw;
    return by === 0 ? wide : f.b.binary('shl', wide, f.b.const(width, by));
  });
  const whole = parts.reduce((all, part) => f.b.binary('or', all, part));
  return integerOf(place.type)?.signed && size < 4 ? f.b.sext(whole, size * 8, 32) : whole;
}

function storeParts(f: Lowering, place: Place, size: AccessSize, value: Inst): Inst {
  for (const { off, size: part, by } of partsOf(place, size)) {
    const moved = by === 0 ? value : f.b.binary('lshr', value, f.b.const(value.width, by));
    f.b.store(base(f, place), off, part, f.b.trunc(moved), place.volatile);
  }
  return value;
}

/** The value at a place, extended as its type says. */
export function loadPlace(f: Lowering, place: Place): Inst {
  const { bits } = place;
  if (!bits) {
    const size = accessSize(place.type);
    if (isMisaligned(place, size)) return loadParts(f, place, size);
    const raw = rawLoad(f, place, place.path ? place.path.off : place.off, size);
    const int = integerOf(place.type);
    return int?.signed && size < 4 ? f.b.sext(raw, size * 8, 32) : raw;
  }
  const unit = unitOf(place, bits);
  const raw = unit ? rawLoad(f, place, unit.off, unit.size) : loadBytes(f, place, bits);
  const width = raw.width;
  const wide = accessSize(place.type) === 8 ? 64 : 32;
  const left = f.b.binary('shl', raw, f.b.const(width, width - (unit?.shift ?? 0) - bits.size));
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
    if (isMisaligned(place, size)) return storeParts(f, place, size, value);
    f.b.store(base(f, place), path ? path.off : place.off, size, value, place.volatile, relo);
    return value;
  }
  const unit = unitOf(place, bits);
  if (unit) {
    const raw = rawLoad(f, place, unit.off, unit.size);
    const mask = ((1n << BigInt(bits.size)) - 1n) << BigInt(unit.shift);
    const sized = raw.width === 64 ? f.b.zext(value) : f.b.trunc(value);
    const put = f.b.binary(
      'and',
      f.b.binary('shl', sized, f.b.const(raw.width, unit.shift)),
      f.b.const(raw.width, mask),
    );
    const rest = f.b.binary('and', raw, f.b.const(raw.width, ~mask));
    f.b.store(base(f, place), unit.off, unit.size, f.b.binary('or', rest, put), place.volatile, relo);
  } else storeBytes(f, place, bits, value);
  if (bits.size === value.width) return value;
  const spare = f.b.const(value.width, value.width - bits.size);
  return f.b.binary(bits.signed ? 'ashr' : 'lshr', f.b.binary('shl', value, spare), spare);
}

/** True for records, whose value is their address. */
export const isRecord = (type: CType): boolean => unsugar(type).kind === 'record';
