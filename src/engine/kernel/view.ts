/**
 * A kernel struct at an address: names instead of offsets, and no copy of anything.
 *
 *     const task = kernel.view('task_struct', addr);
 *     task.set('pid', 7);  task.num('pid');  task.deref('mm')?.ptr('pgd');
 *
 * Field names are roles (see fields.ts): they are found in whatever BTF this kernel has.
 */
import { EngineBug } from '../../shared/assert.ts';
import type { Addr, Bytes } from '../../shared/brand.ts';
import type { Memory } from './memory.ts';
import type { Field, StructType, Types } from './types.ts';

export class View {
  readonly mem: Memory;
  readonly types: Types;
  readonly type: StructType;
  readonly addr: Addr;

  constructor(mem: Memory, types: Types, type: StructType, addr: Addr) {
    this.mem = mem;
    this.types = types;
    this.type = type;
    this.addr = addr;
  }

  has(path: string): boolean {
    return this.type.has(path);
  }

  /** The address of a member, for code that keeps it: a list, a lock, a table. */
  at(path: string): Addr {
    const field = this.type.field(path);
    field.simulated = true;
    return this.addr + BigInt(field.offset);
  }

  /** An integer or enum member, signed as declared. */
  big(path: string): bigint {
    const field = this.type.field(path);
    if (field.bitSize > 0) return this.loadBits(field);
    const raw = this.mem.load(this.addr + BigInt(field.offset), scalarSize(field, path));
    return field.signed ? BigInt.asIntN(field.size * 8, raw) : raw;
  }

  /** As `big`, for values that fit a double. */
  num(path: string): number {
    return Number(this.big(path));
  }

  /** A pointer member. */
  ptr(path: string): Addr {
    return this.mem.u64(this.addr + BigInt(this.type.field(path).offset));
  }

  /** Text in a char array member. */
  str(path: string): string {
    const { offset, size } = this.type.field(path);
    return this.mem.text(this.addr + BigInt(offset), size);
  }

  /** An embedded struct. */
  sub(path: string): View {
    const field = this.type.field(path);
    return new View(this.mem, this.types, this.types.byTypeId(field.type), this.addr + BigInt(field.offset));
  }

  /** The struct that a pointer member points to, or null for NULL. */
  deref(path: string): View | null {
    const target = this.ptr(path);
    if (target === 0n) return null;
    const type = this.types.behindPointer(this.type.field(path).type);
    if (!type) throw new EngineBug(`${this.type.name}.${path} does not point to a struct`);
    return new View(this.mem, this.types, type, target);
  }

  /** Stores an integer, pointer or bit-field. */
  set(path: string, value: number | bigint): void {
    const field = this.type.field(path);
    const big = BigInt(value);
    field.simulated = true;
    if (field.bitSize > 0) this.storeBits(field, big);
    else this.mem.store(this.addr + BigInt(field.offset), scalarSize(field, path), big);
  }

  /** Stores only if this kernel has the field. */
  trySet(path: string, value: number | bigint): void {
    if (this.type.has(path)) this.set(path, value);
  }

  /** Stores text into a char array, NUL-terminated, cut to fit. */
  setStr(path: string, text: string): void {
    const { size } = this.type.field(path);
    const bytes = new Uint8Array(size);
    for (let i = 0; i < Math.min(text.length, size - 1); i++) bytes[i] = text.charCodeAt(i);
    this.mem.setBytes(this.at(path), bytes);
  }

  private unit(field: Field): { addr: Addr; shift: bigint; mask: bigint } {
    const first = Math.floor(field.bitOffset / 8);
    return {
      addr: this.addr + BigInt(first),
      shift: BigInt(field.bitOffset - first * 8),
      mask: (1n << BigInt(field.bitSize)) - 1n,
    };
  }
  private spanned(field: Field): number {
    return Math.ceil(((field.bitOffset % 8) + field.bitSize) / 8);
  }
  private rawBits(addr: Addr, bytes: number): bigint {
    return this.mem.bytes(addr, bytes).reduceRight((acc, byte) => (acc << 8n) | BigInt(byte), 0n);
  }
  private loadBits(field: Field): bigint {
    const { addr, shift, mask } = this.unit(field);
    const value = (this.rawBits(addr, this.spanned(field)) >> shift) & mask;
    return field.signed ? BigInt.asIntN(field.bitSize, value) : value;
  }
  private storeBits(field: Field, value: bigint): void {
    const { addr, shift, mask } = this.unit(field);
    const size = this.spanned(field);
    const merged = (this.rawBits(addr, size) & ~(mask << shift)) | ((value & mask) << shift);
    const out = new Uint8Array(size);
    for (let i = 0; i < size; i++) out[i] = Number((merged >> BigInt(i * 8)) & 0xffn);
    this.mem.setBytes(addr, out);
  }
}

/** Scalars and structs that hold just one (atomic_t, kuid_t, spinlock-free wrappers). */
function scalarSize(field: Field, path: string): Bytes {
  const { size } = field;
  if (size === 1 || size === 2 || size === 4 || size === 8) return size;
  throw new EngineBug(`field '${path}' of ${size} bytes is not a scalar`);
}
