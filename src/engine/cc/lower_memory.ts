/**
 * Copying, clearing and initialising memory of known size, a register at a time.
 */
import type { Expr, Initializer } from './ast.ts';
import { alignOf, pointee, sizeOf } from './ctype.ts';
import type { CType } from './ctype.ts';
import { slotAlign } from './ir.ts';
import type { AccessSize, Inst } from './ir.ts';
import type { Builder } from './lower_builder.ts';
import type { Lowering } from './lower_function.ts';
import { isRecord, plainPlace, storePlace } from './lower_place.ts';

/** Whoever writes instructions. */
interface Writer {
  readonly b: Builder;
}

/** Offsets and sizes that cover `size` bytes, each access aligned to its size. */
export function pieces(size: number, align = 8): { off: number; size: AccessSize }[] {
  const out: { off: number; size: AccessSize }[] = [];
  for (let off = 0; off < size;) {
    const step = ([8, 4, 2, 1] as const).find((s) => s <= align && off + s <= size && off % s === 0) ?? 1;
    out.push({ off, size: step });
    off += step;
  }
  return out;
}

/** What an address is known to be a multiple of; `unknown` is what its type promises. */
export function alignmentOf(address: Inst, unknown: number): number {
  if (address.op === 'frame' && address.slot) {
    const base = Math.min(slotAlign(address.slot), 8);
    return address.off % base === 0 ? base : address.off & -address.off || base;
  }
  return Math.min(unknown, 8);
}

/** The alignment that types promise of a place. */
function placeAlign(expr: Expr): number {
  switch (expr.kind) {
    case 'member': {
      const bytes = Math.floor(expr.bitOffset / 8);
      const base = placeAlign(expr.base);
      return bytes === 0 ? base : Math.min(base, bytes & (0 - bytes));
    }
    case 'deref':
      return alignOf(expr.type);
    case 'cast':
      return expr.cast === 'noop' || expr.cast === 'load' ? placeAlign(expr.operand) : alignOf(expr.type);
    default:
      return alignOf(expr.type);
  }
}

/** The alignment that a pointer expression promises, conversions to `void *` looked through. */
export function pointeeAlign(expr: Expr): number {
  if (expr.kind === 'address_of') return placeAlign(expr.operand);
  if (expr.kind === 'cast' && expr.cast === 'array_decay') return placeAlign(expr.operand);
  if (expr.kind === 'cast' && (expr.cast === 'pointer' || expr.cast === 'noop')) {
    return pointeeAlign(expr.operand);
  }
  return alignOf(pointee(expr.type) ?? expr.type);
}

/** @param aligns what the types of `to` and `from` promise */
export function copyBytes(
  f: Writer,
  to: Inst,
  from: Inst,
  size: number,
  aligns: readonly [to: number, from: number],
): void {
  const parts = pieces(size, Math.min(alignmentOf(to, aligns[0]), alignmentOf(from, aligns[1])));
  // All loads come first in small copies: the ranges may be the same place.
  for (let i = 0; i < parts.length; i += 4) {
    const group = parts.slice(i, i + 4);
    const values = group.map((part) => f.b.load(from, part.off, part.size));
    group.forEach((part, k) => f.b.store(to, part.off, part.size, values[k]!));
  }
}

export function copyRecord(f: Lowering, to: Inst, from: Inst, type: CType): void {
  const align = alignOf(type);
  copyBytes(f, to, from, sizeOf(type) ?? 0, [align, align]);
}

/** @param align what the type of `to` promises */
export function fillBytes(f: Writer, to: Inst, byte: Inst, size: number, align: number): void {
  const low = f.b.zext(f.b.binary('and', f.b.trunc(byte), f.b.const(32, 0xff)));
  const all = f.b.binary('mul', low, f.b.const(64, 0x0101_0101_0101_0101n));
  for (const part of pieces(size, alignmentOf(to, align)))
    f.b.store(to, part.off, part.size, part.size === 8 ? all : f.b.trunc(all));
}

/** Stores known bytes, leaving out those that `skip` says will be written anyway. */
function storeImage(f: Lowering, to: Inst, image: Uint8Array, skip: Uint8Array): void {
  const write = (off: number, size: AccessSize): void => {
    const range = skip.subarray(off, off + size);
    if (range.every((x) => x === 1)) return;
    if (size > 1 && range.some((x) => x === 1)) {
      const half = (size / 2) as AccessSize;
      write(off, half);
      write(off + half, half);
      return;
    }
    let value = 0n;
    for (let i = size - 1; i >= 0; i--) value = (value << 8n) | BigInt(image[off + i]!);
    f.b.store(to, off, size, f.b.const(size === 8 ? 64 : 32, value));
  };
  for (const part of pieces(image.length, alignmentOf(to, 1))) write(part.off, part.size);
}

/** Runs an initialiser of an automatic object at `to`. */
export function initialise(f: Lowering, to: Inst, type: CType, init: Initializer): void {
  const size = sizeOf(type) ?? 0;
  if (init.kind === 'value') {
    const { value } = init;
    if (value.kind === 'string') {
      const image = new Uint8Array(size);
      image.set(value.bytes.subarray(0, size));
      return storeImage(f, to, image, new Uint8Array(size));
    }
    if (isRecord(type)) return copyRecord(f, to, f.value(value), type);
    storePlace(f, plainPlace(to, type, true), f.value(value));
    return;
  }
  const image = new Uint8Array(size);
  const skip = new Uint8Array(size);
  const dynamic: (typeof init.entries)[number][] = [];
  for (const entry of init.entries) {
    const { value } = entry;
    const off = Math.floor(entry.bitOffset / 8);
    const length = sizeOf(entry.type) ?? 0;
    if (value.kind === 'string') {
      image.fill(0, off, off + length);
      image.set(value.bytes.subarray(0, length), off);
    } else if (value.kind === 'int' && entry.bitSize === null) {
      for (let i = 0; i < length; i++) image[off + i] = Number((value.value >> BigInt(8 * i)) & 0xffn);
    } else {
      dynamic.push(entry);
      if (entry.bitSize === null && !isRecord(entry.type)) skip.fill(1, off, off + length);
    }
  }
  const values = new Map<(typeof dynamic)[number], Inst>();
  // C leaves the order open; clang goes by place.
  dynamic.sort((a, b) => a.bitOffset - b.bitOffset);
  for (const entry of dynamic) if (!isRecord(entry.type)) values.set(entry, f.value(entry.value));
  storeImage(f, to, image, skip);
  for (const entry of dynamic) {
    const off = Math.floor(entry.bitOffset / 8);
    const known = values.get(entry);
    if (!known) copyRecord(f, f.b.offset(to, off), f.value(entry.value), entry.type);
    else
      storePlace(
        f,
        {
          ...plainPlace(to, entry.type, true),
          off,
          align: Math.min(alignOf(type), off & (0 - off) || 8),
          bits:
            entry.bitSize === null
              ? null
              : {
                  at: entry.bitOffset % 8,
                  size: entry.bitSize,
                  signed: false,
                  room: size - off,
                  align: alignOf(type),
                  run: null,
                },
        },
        known,
      );
  }
}
