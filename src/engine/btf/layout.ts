/** Sizes, offsets and member paths: what C's sizeof and offsetof would say of a BTF type. */
import type { Bytes, TypeId } from '../../shared/brand.ts';
import { INT_SIGNED, Kind } from './types.ts';
import type { BtfMember, StructLike } from './types.ts';
import type { Btf } from './parse.ts';

const MODIFIERS: ReadonlySet<number> = new Set([
  Kind.TYPEDEF,
  Kind.VOLATILE,
  Kind.CONST,
  Kind.RESTRICT,
  Kind.TYPE_TAG,
]);

/** The type behind typedefs, qualifiers and type tags. */
export function resolve(btf: Btf, id: TypeId): TypeId {
  for (let depth = 0; depth < 32; depth++) {
    const type = btf.type(id);
    if (!MODIFIERS.has(type.kind) || !('type' in type)) return id;
    id = type.type;
  }
  return 0;
}

/** sizeof: 0 for void, functions and incomplete types. */
export function sizeOf(btf: Btf, id: TypeId): Bytes {
  const type = btf.type(resolve(btf, id));
  switch (type.kind) {
    case Kind.PTR:
      return 8;
    case Kind.ARRAY:
      return type.nelems * sizeOf(btf, type.type);
    case Kind.INT:
    case Kind.STRUCT:
    case Kind.UNION:
    case Kind.ENUM:
    case Kind.ENUM64:
    case Kind.FLOAT:
    case Kind.DATASEC:
      return type.size;
    case Kind.VAR:
      return sizeOf(btf, type.type);
    default:
      return 0;
  }
}

/** The struct or union behind a type, or null. */
export function structOf(btf: Btf, id: TypeId): StructLike | null {
  const type = btf.type(resolve(btf, id));
  return type.kind === Kind.STRUCT || type.kind === Kind.UNION ? type : null;
}

/** True when values of the type are signed integers. */
export function isSigned(btf: Btf, id: TypeId): boolean {
  const type = btf.type(resolve(btf, id));
  if (type.kind === Kind.INT) return (type.encoding & INT_SIGNED) !== 0;
  return (type.kind === Kind.ENUM || type.kind === Kind.ENUM64) && type.signed;
}

/** The type that a pointer points to, resolved; 0 for void and for what is no pointer. */
export function pointee(btf: Btf, id: TypeId): TypeId {
  const type = btf.type(resolve(btf, id));
  return type.kind === Kind.PTR ? resolve(btf, type.type) : 0;
}

/** A member found by path, its place counted from the outermost struct. */
export interface FoundMember {
  readonly type: TypeId;
  readonly offset: Bytes;
  readonly size: Bytes;
  /** Bit-fields only (bitSize > 0): first bit, counted from the start of the outermost struct. */
  readonly bitOffset: number;
  readonly bitSize: number;
}

function findIn(btf: Btf, struct: StructLike, name: string): { member: BtfMember; bit: number } | null {
  for (const member of struct.members) {
    if (member.name === name) return { member, bit: member.bitOffset };
    if (member.name !== '') continue;
    const inner = structOf(btf, member.type);
    const found = inner && findIn(btf, inner, name);
    if (found) return { member: found.member, bit: found.bit + member.bitOffset };
  }
  return null;
}

/**
 * Finds `a.b[2].c` inside a struct, looking through anonymous members as C does.
 *
 * @returns null when some step of the path does not exist
 */
export function findMember(btf: Btf, structId: TypeId, path: string): FoundMember | null {
  let type = structId;
  let bit = 0;
  let bitSize = 0;
  for (const step of path.split('.')) {
    const [, name, indexes] = /^([^[]*)((?:\[\d+\])*)$/.exec(step) ?? [];
    if (name === undefined) return null;
    const struct = structOf(btf, type);
    const found = struct && findIn(btf, struct, name);
    if (!found) return null;
    type = found.member.type;
    bit += found.bit;
    bitSize = found.member.bitSize;
    for (const [, index] of (indexes ?? '').matchAll(/\[(\d+)\]/g)) {
      const array = btf.type(resolve(btf, type));
      if (array.kind !== Kind.ARRAY) return null;
      bit += Number(index) * sizeOf(btf, array.type) * 8;
      type = array.type;
    }
  }
  return { type, offset: Math.floor(bit / 8), size: sizeOf(btf, type), bitOffset: bit, bitSize };
}
