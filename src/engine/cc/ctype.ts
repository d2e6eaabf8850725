/**
 * C's types (LP64, as clang has them for the bpf target).
 *
 * A type keeps its sugar, because BTF shows it: typedef names, qualifiers and `btf_type_tag`s are nodes
 * around the type they name. `unsugar` takes them off. Structs, unions and enums are compared by identity;
 * everything else by shape (`sameType`).
 *
 * A record or enum may be *lazy*: one from vmlinux.h is made when its name is seen and reads its members
 * out of the kernel's BTF when somebody asks for the layout. So a program pays only for what it touches.
 */
import type { Bytes, TypeId } from '../../shared/brand.ts';

export interface VoidType {
  readonly kind: 'void';
}
/** _Bool, char and every integer up to __int128. */
export interface IntType {
  readonly kind: 'int';
  /** As BTF and messages spell it: 'unsigned int', 'char', '_Bool', 'long', '__int128'. */
  readonly name: string;
  readonly size: 1 | 2 | 4 | 8 | 16;
  readonly signed: boolean;
  /** C's conversion rank: _Bool 0, char 1, short 2, int 3, long 4, long long 5, __int128 6. */
  readonly rank: number;
}
/** Of constants that are folded into integers; else known only for a message: BPF has no floating point. */
export interface FloatType {
  readonly kind: 'float';
  readonly name: string;
  readonly size: 4 | 8 | 16;
}
export interface PointerType {
  readonly kind: 'pointer';
  readonly to: CType;
}
export interface ArrayType {
  readonly kind: 'array';
  readonly of: CType;
  /** null: unknown yet (`int a[]`), or a flexible member. */
  readonly length: number | null;
}
export interface FunctionType {
  readonly kind: 'function';
  readonly result: CType;
  /** Already adjusted: arrays and functions are pointers. */
  readonly params: readonly FunctionParam[];
  readonly variadic: boolean;
  /** `f()`: nothing said about the parameters. */
  readonly unprototyped: boolean;
}
export interface FunctionParam {
  readonly name: string;
  readonly type: CType;
}
export interface TypedefType {
  readonly kind: 'typedef';
  readonly name: string;
  readonly to: CType;
  /** `btf_decl_tag`s of the typedef's declaration. */
  readonly declTags: readonly string[];
}
export interface QualifiedType {
  readonly kind: 'qualified';
  readonly of: CType;
  readonly isConst: boolean;
  readonly isVolatile: boolean;
  readonly isRestrict: boolean;
  /** `__attribute__((address_space(N)))`; 0: the kernel's, as everything is. 1: a BPF arena's. */
  readonly addressSpace: number;
}
/** `__attribute__((btf_type_tag("...")))`, as in `T __kptr *`: sits around the pointee. */
export interface TaggedType {
  readonly kind: 'tagged';
  readonly tag: string;
  readonly of: CType;
}

export interface Member {
  /** '' for an anonymous struct or union member, and for unnamed bit-fields (which are not in `members`). */
  readonly name: string;
  readonly type: CType;
  /** From the start of the record this member stands in. */
  readonly bitOffset: number;
  /** Width of a bit-field; null for an ordinary member. */
  readonly bitSize: number | null;
  readonly declTags: readonly string[];
}
export interface RecordLayout {
  readonly members: readonly Member[];
  readonly size: Bytes;
  readonly align: Bytes;
}
/** A struct or union. */
export interface RecordType {
  readonly kind: 'record';
  readonly tag: 'struct' | 'union';
  /** '' when anonymous. */
  readonly name: string;
  /** null while incomplete. Asking completes a lazy record; the answer never changes once it is not null. */
  readonly layout: RecordLayout | null;
  /** Member accesses are CO-RE relocatable (`preserve_access_index`). */
  readonly preserveAccessIndex: boolean;
  readonly packed: boolean;
  /** The kernel type it was taken from, or 0. */
  readonly btfId: TypeId;
  readonly declTags: readonly string[];
}
export interface Enumerator {
  readonly name: string;
  readonly value: bigint;
}
export interface EnumType {
  readonly kind: 'enum';
  readonly name: string;
  /** null while incomplete (`enum x;`). */
  readonly body: EnumBody | null;
  readonly btfId: TypeId;
  readonly declTags: readonly string[];
}
export interface EnumBody {
  readonly enumerators: readonly Enumerator[];
  /** What it is stored as: unsigned int unless a value is negative or needs 64 bits. */
  readonly underlying: IntType;
}

/** A type without sugar around it. */
export type BareType =
  | VoidType
  | IntType
  | FloatType
  | PointerType
  | ArrayType
  | FunctionType
  | RecordType
  | EnumType;
export type CType = BareType | TypedefType | QualifiedType | TaggedType;

const int = (name: string, size: IntType['size'], signed: boolean, rank: number): IntType => ({
  kind: 'int',
  name,
  size,
  signed,
  rank,
});

export const VOID: VoidType = { kind: 'void' };
export const BOOL = int('_Bool', 1, false, 0);
export const CHAR = int('char', 1, true, 1);
export const SCHAR = int('signed char', 1, true, 1);
export const UCHAR = int('unsigned char', 1, false, 1);
export const SHORT = int('short', 2, true, 2);
export const USHORT = int('unsigned short', 2, false, 2);
export const DOUBLE: FloatType = { kind: 'float', name: 'double', size: 8 };
export const INT = int('int', 4, true, 3);
export const UINT = int('unsigned int', 4, false, 3);
export const LONG = int('long', 8, true, 4);
export const ULONG = int('unsigned long', 8, false, 4);
export const LLONG = int('long long', 8, true, 5);
export const ULLONG = int('unsigned long long', 8, false, 5);
export const INT128 = int('__int128', 16, true, 6);
export const UINT128 = int('unsigned __int128', 16, false, 6);
export const POINTER_SIZE = 8;

export const pointerTo = (to: CType): PointerType => ({ kind: 'pointer', to });
export const arrayOf = (of: CType, length: number | null): ArrayType => ({ kind: 'array', of, length });

export interface Qualifiers {
  readonly isConst: boolean;
  readonly isVolatile: boolean;
  readonly isRestrict: boolean;
  readonly addressSpace: number;
}
export const NO_QUALIFIERS: Qualifiers = {
  isConst: false,
  isVolatile: false,
  isRestrict: false,
  addressSpace: 0,
};
const isQualified = (q: Qualifiers): boolean =>
  q.isConst || q.isVolatile || q.isRestrict || q.addressSpace !== 0;

/** `type` with these qualifiers added; an array's go to its elements, as in C. */
export function qualify(type: CType, q: Qualifiers): CType {
  if (!isQualified(q)) return type;
  if (type.kind === 'array') return arrayOf(qualify(type.of, q), type.length);
  const old = type.kind === 'qualified' ? type : NO_QUALIFIERS;
  return {
    kind: 'qualified',
    of: type.kind === 'qualified' ? type.of : type,
    isConst: old.isConst || q.isConst,
    isVolatile: old.isVolatile || q.isVolatile,
    isRestrict: old.isRestrict || q.isRestrict,
    addressSpace: q.addressSpace || old.addressSpace,
  };
}

/** The type behind typedefs, qualifiers and tags. */
export function unsugar(type: CType): BareType {
  for (;;) {
    switch (type.kind) {
      case 'typedef':
        type = type.to;
        break;
      case 'qualified':
      case 'tagged':
        type = type.of;
        break;
      default:
        return type;
    }
  }
}

/** The qualifiers of the outermost type, seen through typedefs and, for arrays, from its elements. */
export function qualifiersOf(type: CType): Qualifiers {
  let isConst = false;
  let isVolatile = false;
  let isRestrict = false;
  let addressSpace = 0;
  for (;;) {
    switch (type.kind) {
      case 'typedef':
        type = type.to;
        break;
      case 'tagged':
        type = type.of;
        break;
      case 'array':
        type = type.of;
        break;
      case 'qualified':
        isConst ||= type.isConst;
        isVolatile ||= type.isVolatile;
        isRestrict ||= type.isRestrict;
        addressSpace ||= type.addressSpace;
        type = type.of;
        break;
      default:
        return { isConst, isVolatile, isRestrict, addressSpace };
    }
  }
}

/** The type of a value read from an lvalue of this type: qualifiers gone, typedef names kept. */
export function unqualified(type: CType): CType {
  if (type.kind === 'qualified' || type.kind === 'tagged') return unqualified(type.of);
  if (type.kind === 'typedef') return isQualified(qualifiersOf(type)) ? unqualified(type.to) : type;
  return type;
}

/** sizeof in bytes; null for incomplete types, 1 for void and functions (GNU). */
export function sizeOf(type: CType): Bytes | null {
  const bare = unsugar(type);
  switch (bare.kind) {
    case 'void':
    case 'function':
      return 1;
    case 'int':
    case 'float':
      return bare.size;
    case 'pointer':
      return POINTER_SIZE;
    case 'array': {
      const element = sizeOf(bare.of);
      return bare.length === null || element === null ? null : bare.length * element;
    }
    case 'record':
      return bare.layout?.size ?? null;
    case 'enum':
      return bare.body?.underlying.size ?? null;
  }
}

/** _Alignof in bytes; 1 for what has none. */
export function alignOf(type: CType): Bytes {
  const bare = unsugar(type);
  switch (bare.kind) {
    case 'void':
    case 'function':
      return 1;
    case 'int':
    case 'float':
      return bare.size;
    case 'pointer':
      return POINTER_SIZE;
    case 'array':
      return alignOf(bare.of);
    case 'record':
      return bare.layout?.align ?? 1;
    case 'enum':
      return bare.body?.underlying.size ?? 4;
  }
}

/** The integer type whose arithmetic this type has (an enum's underlying one), or null. */
export function integerOf(type: CType): IntType | null {
  const bare = unsugar(type);
  if (bare.kind === 'int') return bare;
  return bare.kind === 'enum' ? (bare.body?.underlying ?? UINT) : null;
}

export const isInteger = (type: CType): boolean => integerOf(type) !== null;
export const isPointer = (type: CType): boolean => unsugar(type).kind === 'pointer';
export const isScalar = (type: CType): boolean => isInteger(type) || isPointer(type);
export const isVoid = (type: CType): boolean => unsugar(type).kind === 'void';
export const isBool = (type: CType): boolean => unsugar(type) === BOOL;

/** What a pointer points to, or null when the type is no pointer. */
export function pointee(type: CType): CType | null {
  const bare = unsugar(type);
  return bare.kind === 'pointer' ? bare.to : null;
}

/** Of what a pointer points to. */
export const addressSpaceOf = (type: CType): number => qualifiersOf(pointee(type) ?? VOID).addressSpace;

/** True when two types are the same to C once sugar is gone; qualifiers count only below the outermost level. */
export function sameType(a: CType, b: CType, depth = 0): boolean {
  const x = unsugar(a);
  const y = unsugar(b);
  if (x === y) return true;
  if (depth > 64 || x.kind !== y.kind) return false;
  if (x.kind === 'pointer' && y.kind === 'pointer')
    return sameQualifiers(x.to, y.to) && sameType(x.to, y.to, depth + 1);
  if (x.kind === 'array' && y.kind === 'array')
    return (
      (x.length === y.length || x.length === null || y.length === null) && sameType(x.of, y.of, depth + 1)
    );
  if (x.kind === 'function' && y.kind === 'function')
    return (
      sameType(x.result, y.result, depth + 1) &&
      (x.unprototyped ||
        y.unprototyped ||
        (x.variadic === y.variadic &&
          x.params.length === y.params.length &&
          x.params.every((p, i) => sameType(p.type, y.params[i]?.type ?? VOID, depth + 1))))
    );
  if (x.kind === 'int' && y.kind === 'int') return x.name === y.name;
  return false;
}

function sameQualifiers(a: CType, b: CType): boolean {
  const x = qualifiersOf(a);
  const y = qualifiersOf(b);
  return x.isConst === y.isConst && x.isVolatile === y.isVolatile && x.addressSpace === y.addressSpace;
}

/** A member found by name, anonymous members looked through. */
export interface FoundMember {
  readonly member: Member;
  /** Index of the member in `record`, then in the anonymous member found there, and so on. */
  readonly path: readonly { readonly record: RecordType; readonly index: number }[];
  /** From the start of the outermost record. */
  readonly bitOffset: number;
}

export function findMember(record: RecordType, name: string): FoundMember | null {
  const members = record.layout?.members ?? [];
  for (const [index, member] of members.entries()) {
    if (member.name === name) return { member, path: [{ record, index }], bitOffset: member.bitOffset };
  }
  for (const [index, member] of members.entries()) {
    const inner = member.name === '' ? unsugar(member.type) : null;
    if (inner?.kind !== 'record') continue;
    const found = findMember(inner, name);
    if (found)
      return {
        member: found.member,
        path: [{ record, index }, ...found.path],
        bitOffset: member.bitOffset + found.bitOffset,
      };
  }
  return null;
}

/** Every member name of a record, those of anonymous members included. */
export function memberNames(record: RecordType): string[] {
  return (record.layout?.members ?? []).flatMap((member) => {
    if (member.name !== '') return [member.name];
    const inner = unsugar(member.type);
    return inner.kind === 'record' ? memberNames(inner) : [];
  });
}
