/**
 * Bytes as JSON by BTF, in the form of `bpftool map dump -j`, "formatted".
 *
 * Whole numbers that a double cannot hold become decimal strings. Bytes without a type are hex strings.
 */
import type { TypeId } from '../../shared/brand.ts';
import { hex } from '../../shared/int64.ts';
import { cString } from '../../shared/utf8.ts';
import { resolve, sizeOf } from '../btf/layout.ts';
import type { Btf } from '../btf/parse.ts';
import { INT_BOOL, INT_SIGNED, Kind } from '../btf/types.ts';
import type { BtfMember } from '../btf/types.ts';

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

const hexByte = (byte: number): string => `0x${byte.toString(16).padStart(2, '0')}`;
export const rawJson = (bytes: Uint8Array): Json => Array.from(bytes, hexByte);

const littleEndian = (bytes: Uint8Array): bigint =>
  bytes.reduceRight((acc, byte) => (acc << 8n) | BigInt(byte), 0n);
const whole = (value: bigint): Json =>
  value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER)
    ? Number(value)
    : String(value);

/** The value of `bytes` seen as a type; type 0 gives hex bytes. */
export function typedJson(btf: Btf, id: TypeId, bytes: Uint8Array): Json {
  const type = btf.type(resolve(btf, id));
  switch (type.kind) {
    case Kind.INT: {
      const raw = littleEndian(bytes.subarray(0, type.size));
      if (type.encoding & INT_BOOL) return raw !== 0n;
      return whole(type.encoding & INT_SIGNED ? BigInt.asIntN(type.size * 8, raw) : raw);
    }
    case Kind.ENUM:
    case Kind.ENUM64: {
      const raw = littleEndian(bytes.subarray(0, type.size));
      const value = type.signed ? BigInt.asIntN(type.size * 8, raw) : raw;
      return type.values.find((v) => v.value === value)?.name ?? whole(value);
    }
    case Kind.PTR:
      return hex(littleEndian(bytes.subarray(0, 8)));
    case Kind.ARRAY: {
      if (isString(btf, type.type, bytes)) return cString(bytes);
      const step = sizeOf(btf, type.type);
      return Array.from({ length: type.nelems }, (_, i) =>
        typedJson(btf, type.type, bytes.subarray(i * step, (i + 1) * step)),
      );
    }
    case Kind.STRUCT:
    case Kind.UNION:
      return Object.fromEntries(
        type.members.map((member) => [member.name || '(anon)', memberJson(btf, member, bytes)]),
      );
    default:
      return rawJson(bytes);
  }
}

function memberJson(btf: Btf, member: BtfMember, bytes: Uint8Array): Json {
  const first = Math.floor(member.bitOffset / 8);
  if (member.bitSize === 0)
    return typedJson(btf, member.type, bytes.subarray(first, first + sizeOf(btf, member.type)));
  const shift = BigInt(member.bitOffset - first * 8);
  const spanned = Math.ceil((Number(shift) + member.bitSize) / 8);
  const raw = littleEndian(bytes.subarray(first, first + spanned)) >> shift;
  return hex(raw & ((1n << BigInt(member.bitSize)) - 1n));
}

/** bpftool shows an array of `char` as text when every byte up to the NUL can be printed. */
function isString(btf: Btf, element: TypeId, bytes: Uint8Array): boolean {
  const type = btf.type(resolve(btf, element));
  if (type.kind !== Kind.INT || type.size !== 1 || type.name !== 'char') return false;
  const end = bytes.indexOf(0);
  return end >= 0 && bytes.subarray(0, end).every((byte) => byte >= 32 && byte < 127);
}
