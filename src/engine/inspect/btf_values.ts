/**
 * Bytes of maps by their types, as bpftool prints them.
 *
 * Plain text differs from -j in how pointers and wide numbers look; both are JSON.
 *
 * Source: tools/bpf/bpftool/btf_dumper.c.
 */
import type { TypeId } from '../../shared/brand.ts';
import { cString } from '../../shared/utf8.ts';
import { resolve, sizeOf } from '../btf/layout.ts';
import type { Btf } from '../btf/parse.ts';
import { INT_BOOL, INT_SIGNED, Kind } from '../btf/types.ts';
import type { BtfMember } from '../btf/types.ts';

/** Of any width. */
const hexOf = (value: bigint): string => `0x${value.toString(16)}`;

/** A number that is written in hex, without quotes. */
export class HexNumber {
  readonly text: string;

  constructor(value: bigint) {
    this.text = hexOf(value);
  }
}
export type TypedValue =
  | boolean
  | bigint
  | string
  | HexNumber
  | readonly TypedValue[]
  | { readonly [key: string]: TypedValue };

const littleEndian = (bytes: Uint8Array): bigint =>
  bytes.reduceRight((acc, byte) => (acc << 8n) | BigInt(byte), 0n);

/** Every byte as `0x0a`: what is shown of what has no type. */
export const hexBytes = (bytes: Uint8Array): string[] =>
  Array.from(bytes, (byte) => `0x${byte.toString(16).padStart(2, '0')}`);

const hexNumber = (value: bigint, plain: boolean): TypedValue =>
  plain ? new HexNumber(value) : hexOf(value);

/** @param plain the output is for people */
export function typedValue(btf: Btf, id: TypeId, bytes: Uint8Array, plain: boolean): TypedValue {
  const type = btf.type(resolve(btf, id));
  switch (type.kind) {
    case Kind.INT: {
      const raw = littleEndian(bytes.subarray(0, type.size));
      if (type.size > 8) return hexNumber(raw, plain);
      if (type.encoding & INT_BOOL) return raw !== 0n;
      return type.encoding & INT_SIGNED ? BigInt.asIntN(type.size * 8, raw) : raw;
    }
    case Kind.ENUM:
    case Kind.ENUM64: {
      const raw = littleEndian(bytes.subarray(0, type.size));
      const value = type.signed ? BigInt.asIntN(type.size * 8, raw) : raw;
      return type.values.find((v) => v.value === value)?.name ?? value;
    }
    case Kind.PTR: {
      const raw = littleEndian(bytes.subarray(0, 8));
      return plain ? (raw === 0n ? '(nil)' : hexOf(raw)) : raw;
    }
    case Kind.ARRAY: {
      if (isText(btf, type.type, bytes)) return cString(bytes);
      const step = sizeOf(btf, type.type);
      return Array.from({ length: type.nelems }, (_, i) =>
        typedValue(btf, type.type, bytes.subarray(i * step, (i + 1) * step), plain),
      );
    }
    case Kind.STRUCT:
    case Kind.UNION:
      return Object.fromEntries(
        type.members.map((member) => [member.name, memberValue(btf, member, bytes, plain)]),
      );
    case Kind.DATASEC:
      return {
        [type.name]: type.vars.map(({ type: variable, offset, size }) => {
          const of = btf.type(variable);
          const inner = of.kind === Kind.VAR ? of.type : variable;
          return {
            [of.kind === Kind.VAR ? of.name : '']: typedValue(
              btf,
              inner,
              bytes.subarray(offset, offset + size),
              plain,
            ),
          };
        }),
      };
    default:
      return hexBytes(bytes);
  }
}

function memberValue(btf: Btf, member: BtfMember, bytes: Uint8Array, plain: boolean): TypedValue {
  const first = Math.floor(member.bitOffset / 8);
  if (member.bitSize === 0)
    return typedValue(btf, member.type, bytes.subarray(first, first + sizeOf(btf, member.type)), plain);
  const shift = member.bitOffset - first * 8;
  const spanned = Math.ceil((shift + member.bitSize) / 8);
  const raw = littleEndian(bytes.subarray(first, first + spanned)) >> BigInt(shift);
  return hexNumber(raw & ((1n << BigInt(member.bitSize)) - 1n), plain);
}

const WITHOUT_MEANING: ReadonlySet<Kind> = new Set([Kind.CONST, Kind.VOLATILE, Kind.RESTRICT, Kind.TYPE_TAG]);

/** An array of `char`, by that name, is text when every byte up to the NUL can be printed. */
function isText(btf: Btf, element: TypeId, bytes: Uint8Array): boolean {
  let type = btf.type(element);
  while (WITHOUT_MEANING.has(type.kind) && 'type' in type) type = btf.type(type.type);
  if (type.kind !== Kind.INT || type.size !== 1 || type.name !== 'char') return false;
  const end = bytes.indexOf(0);
  return end >= 0 && bytes.subarray(0, end).every((byte) => byte > 0x1f && byte < 0x7f);
}
