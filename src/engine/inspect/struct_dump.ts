/**
 * A kernel struct as rows of fields, read from its bytes by BTF: what the inspector shows.
 *
 * Members of embedded structs follow their struct, one level deeper. An array of characters is one row
 * of text; another array is one row with its first elements.
 */
import type { PeekField, PeekStruct } from '../../protocol/peek.ts';
import type { Addr, Bytes, TypeId } from '../../shared/brand.ts';
import { hex } from '../../shared/int64.ts';
import { cString } from '../../shared/utf8.ts';
import { cName } from '../btf/c_name.ts';
import { isSigned, resolve, sizeOf, structOf } from '../btf/layout.ts';
import { INT_BOOL, INT_CHAR, Kind } from '../btf/types.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { simulatedIn } from '../kernel/simulated.ts';
import { rows } from './rows.ts';
import type { Row } from './rows.ts';

const MAX_BYTES = 64;
const MAX_ELEMENTS = 8;

/** @returns null when there is no such struct, or no memory at `addr` */
export function dumpStruct(kernel: Kernel, struct: string, addr: Addr): PeekStruct | null {
  if (!kernel.types.has(struct)) return null;
  const type = kernel.types.struct(struct);
  if (kernel.mem.translate(addr, type.size) < 0) return null;
  const simulated = simulatedIn(kernel.types, type);
  // One copy, of which every field shows its part.
  const image = kernel.mem.bytes(addr, type.size);
  const fields = Array.from(rows(kernel.btf, type.id), (row): PeekField => {
    const { member, bit } = row;
    const bits = member.bitSize || sizeOf(kernel.btf, member.type) * 8 || 1;
    return { ...dumpField(kernel, addr, row, image), simulated: simulated({ bit, bits }) };
  });
  return { struct, addr, size: type.size, fields, freed: kernel.mem.isFreed(addr) };
}

function dumpField(
  kernel: Kernel,
  base: Addr,
  { member, path, bit, depth }: Row,
  image: Uint8Array,
): Omit<PeekField, 'simulated'> {
  const offset = Math.floor(bit / 8);
  const addr = base + BigInt(offset);
  const size = sizeOf(kernel.btf, member.type);
  const bitField = member.bitSize > 0;
  return {
    path,
    type: cName(kernel.btf, member.type) + (bitField ? ` : ${member.bitSize}` : ''),
    offset,
    size,
    value: bitField
      ? String(bitsAt(kernel, base, bit, member.bitSize))
      : valueText(kernel, member.type, addr),
    bytes: image.subarray(offset, offset + Math.min(size, MAX_BYTES)),
    pointer: pointerOf(kernel, member.type, addr),
    depth,
  };
}

function bitsAt(kernel: Kernel, base: Addr, bit: number, bits: number): bigint {
  const first = Math.floor(bit / 8);
  const bytes = kernel.mem.bytes(base + BigInt(first), Math.ceil(((bit % 8) + bits) / 8));
  const raw = bytes.reduceRight((acc, byte) => (acc << 8n) | BigInt(byte), 0n);
  return (raw >> BigInt(bit % 8)) & ((1n << BigInt(bits)) - 1n);
}

function pointerOf(kernel: Kernel, id: TypeId, at: Addr): PeekField['pointer'] {
  const type = kernel.btf.type(resolve(kernel.btf, id));
  if (type.kind !== Kind.PTR) return null;
  const addr = kernel.mem.u64(at);
  const target = structOf(kernel.btf, type.type);
  return addr !== 0n && target && target.name !== '' ? { addr, struct: target.name } : null;
}

/** The value of one field: a number, an enumerator, text, a symbol or an address. '' for a struct. */
export function valueText(kernel: Kernel, id: TypeId, at: Addr): string {
  const { btf, mem } = kernel;
  const type = btf.type(resolve(btf, id));
  switch (type.kind) {
    case Kind.INT: {
      const value = integer(kernel, at, type.size, isSigned(btf, id));
      if (type.encoding & INT_BOOL) return value === 0n ? 'false' : 'true';
      if (type.encoding & INT_CHAR && value >= 32n && value < 127n)
        return `'${String.fromCharCode(Number(value))}'`;
      return value > 0xffffffffn ? hex(value) : String(value);
    }
    case Kind.ENUM:
    case Kind.ENUM64: {
      const value = integer(kernel, at, type.size, type.signed);
      return type.values.find((v) => v.value === value)?.name ?? String(value);
    }
    case Kind.PTR:
      return pointerText(kernel, type.type, mem.u64(at));
    case Kind.ARRAY: {
      if (isText(kernel, type.type)) return JSON.stringify(cString(mem.bytes(at, type.nelems)));
      const step = sizeOf(btf, type.type);
      if (structOf(btf, type.type) || step === 0) return `${type.nelems} × ${cName(btf, type.type)}`;
      const shown = Array.from({ length: Math.min(type.nelems, MAX_ELEMENTS) }, (_, i) =>
        valueText(kernel, type.type, at + BigInt(i * step)),
      );
      return `{ ${shown.join(', ')}${type.nelems > MAX_ELEMENTS ? ', …' : ''} }`;
    }
    default:
      return '';
  }
}

function integer(kernel: Kernel, at: Addr, size: Bytes, signed: boolean): bigint {
  if (![1, 2, 4, 8].includes(size)) return 0n;
  const raw = kernel.mem.load(at, size);
  return signed ? BigInt.asIntN(size * 8, raw) : raw;
}

function isText(kernel: Kernel, element: TypeId): boolean {
  const type = kernel.btf.type(resolve(kernel.btf, element));
  return (
    type.kind === Kind.INT && type.size === 1 && (type.name === 'char' || (type.encoding & INT_CHAR) !== 0)
  );
}

function pointerText(kernel: Kernel, target: TypeId, addr: Addr): string {
  if (addr === 0n) return 'NULL';
  const symbol = kernel.symbols.lookup(addr);
  if (symbol && symbol.offset === 0n) return symbol.sym.name;
  if (isText(kernel, target) && kernel.mem.translate(addr, 1) >= 0)
    return JSON.stringify(kernel.mem.text(addr, 64));
  return hex(addr);
}
