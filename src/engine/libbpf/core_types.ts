/**
 * When is a type of the object "the same" as a type of the kernel? CO-RE asks in three strengths:
 *
 *   fieldsAreCompat   a field may have changed its size or sign, not its nature (field relocations)
 *   typesAreCompat    same kind all the way through pointers, arrays and prototypes (type_exists, kfuncs)
 *   typesMatch        local members must exist in the kernel with matching types (type_matches)
 *
 * Names count without their flavour: `task_struct___old` is a `task_struct`.
 *
 * Source: relo_core.c of libbpf.
 */
import type { Bytes, TypeId } from '../../shared/brand.ts';
import { resolve } from '../btf/layout.ts';
import type { Btf } from '../btf/parse.ts';
import { INT_SIGNED, Kind } from '../btf/types.ts';
import type { BtfType } from '../btf/types.ts';

/** The kind as libbpf's messages say it. */
export const KIND_TEXT: Readonly<Record<Kind, string>> = {
  [Kind.VOID]: 'void',
  [Kind.INT]: 'int',
  [Kind.PTR]: 'ptr',
  [Kind.ARRAY]: 'array',
  [Kind.STRUCT]: 'struct',
  [Kind.UNION]: 'union',
  [Kind.ENUM]: 'enum',
  [Kind.FWD]: 'fwd',
  [Kind.TYPEDEF]: 'typedef',
  [Kind.VOLATILE]: 'volatile',
  [Kind.CONST]: 'const',
  [Kind.RESTRICT]: 'restrict',
  [Kind.FUNC]: 'func',
  [Kind.FUNC_PROTO]: 'func_proto',
  [Kind.VAR]: 'var',
  [Kind.DATASEC]: 'datasec',
  [Kind.FLOAT]: 'float',
  [Kind.DECL_TAG]: 'decl_tag',
  [Kind.TYPE_TAG]: 'type_tag',
  [Kind.ENUM64]: 'enum64',
};

/** How deep types are followed before giving up. */
const MAX_DEPTH = 32;

/** A type of one BTF. */
export interface TypeRef {
  readonly btf: Btf;
  readonly id: TypeId;
}
const bare = ({ btf, id }: TypeRef): BtfType => btf.type(resolve(btf, id));
const to = (ref: TypeRef, id: TypeId): TypeRef => ({ btf: ref.btf, id });

/** The name without `___flavour`. A name that begins with the underscores has no flavour. */
export const essentialName = (name: string): string => /^(.*[^_])___[^_]/.exec(name)?.[1] ?? name;

export const isEnum = (type: BtfType): type is Extract<BtfType, { signed: boolean }> =>
  type.kind === Kind.ENUM || type.kind === Kind.ENUM64;
export const isComposite = (type: BtfType): type is Extract<BtfType, { members: unknown }> =>
  type.kind === Kind.STRUCT || type.kind === Kind.UNION;

/** enum and enum64 are one kind here. */
export const kindsAreCompat = (a: BtfType, b: BtfType): boolean =>
  a.kind === b.kind || (isEnum(a) && isEnum(b));

/** sizeof, or null for what has no size: void, functions, incomplete types. */
export function resolveSize({ btf, id }: TypeRef, depth = MAX_DEPTH): Bytes | null {
  if (depth === 0) return null;
  const type = btf.type(resolve(btf, id));
  switch (type.kind) {
    case Kind.PTR:
      return 8;
    case Kind.ARRAY: {
      const element = resolveSize({ btf, id: type.type }, depth - 1);
      return element === null ? null : element * type.nelems;
    }
    case Kind.VAR:
      return resolveSize({ btf, id: type.type }, depth - 1);
    default:
      return 'size' in type ? type.size : null;
  }
}

/**
 * May a field of type `local` be read where the kernel has `target`?
 *
 * @kernel bpf_core_fields_are_compat, relo_core.c
 * @fidelity full: relo_core.test.ts
 */
export function fieldsAreCompat(local: TypeRef, target: TypeRef, depth = MAX_DEPTH): boolean {
  const a = bare(local);
  const b = bare(target);
  if (isComposite(a) && isComposite(b)) return true;
  if (!kindsAreCompat(a, b) || depth === 0) return false;
  switch (a.kind) {
    case Kind.PTR:
    case Kind.FLOAT:
      return true;
    case Kind.FWD:
    case Kind.ENUM:
    case Kind.ENUM64:
      // One of them may be anonymous.
      return a.name === '' || b.name === '' || essentialName(a.name) === essentialName(b.name);
    case Kind.INT:
      // An integer with an offset is how BTF once said bit-field.
      return a.bitOffset === 0 && b.kind === Kind.INT && b.bitOffset === 0;
    case Kind.ARRAY:
      return b.kind === Kind.ARRAY && fieldsAreCompat(to(local, a.type), to(target, b.type), depth - 1);
    default:
      return false;
  }
}

type Prototype = Extract<BtfType, { kind: typeof Kind.FUNC_PROTO }>;

/** Parameters one by one, and the result, by a rule for types. */
const prototypesAgree = (
  a: Prototype,
  b: Prototype,
  agree: (local: TypeId, target: TypeId) => boolean,
): boolean =>
  a.params.length === b.params.length &&
  a.params.every(({ type }, i) => agree(type, b.params[i]?.type ?? 0)) &&
  agree(a.type, b.type);

/**
 * Are two types of the same kind, also behind pointers, in arrays and in prototypes? Names are not looked
 * at: whoever asks has found the types by name.
 *
 * @kernel bpf_core_types_are_compat, relo_core.c
 * @fidelity full: relo_core.test.ts
 */
export function typesAreCompat(local: TypeRef, target: TypeRef, depth = MAX_DEPTH): boolean {
  if (depth === 0) return false;
  const a = bare(local);
  const b = bare(target);
  if (!kindsAreCompat(a, b)) return false;
  const deeper = (x: TypeId, y: TypeId): boolean => typesAreCompat(to(local, x), to(target, y), depth - 1);
  switch (a.kind) {
    case Kind.VOID:
    case Kind.STRUCT:
    case Kind.UNION:
    case Kind.ENUM:
    case Kind.ENUM64:
    case Kind.FWD:
      return true;
    case Kind.INT:
      return a.bitOffset === 0 && b.kind === Kind.INT && b.bitOffset === 0;
    case Kind.PTR:
      return b.kind === Kind.PTR && deeper(a.type, b.type);
    case Kind.ARRAY:
      return b.kind === Kind.ARRAY && deeper(a.type, b.type);
    case Kind.FUNC_PROTO:
      return b.kind === Kind.FUNC_PROTO && prototypesAgree(a, b, deeper);
    default:
      return false;
  }
}

const namesMatch = (local: string, target: string): boolean =>
  target === '' ? local === '' : essentialName(local) === essentialName(target);

/**
 * Has the kernel's type everything that the local one has?
 *
 * @kernel bpf_core_types_match, relo_core.c
 * @fidelity full: relo_core.test.ts
 */
export function typesMatch(local: TypeRef, target: TypeRef, behindPtr = false, depth = MAX_DEPTH): boolean {
  if (depth === 0) return false;
  const a = bare(local);
  const b = bare(target);
  if (!namesMatch(a.name, b.name)) return false;
  const deeper = (x: TypeId, y: TypeId, ptr = behindPtr): boolean =>
    typesMatch(to(local, x), to(target, y), ptr, depth - 1);
  switch (a.kind) {
    case Kind.VOID:
      return b.kind === Kind.VOID;
    case Kind.FWD:
      if (b.kind === Kind.FWD) return a.union === b.union;
      return behindPtr && b.kind === (a.union ? Kind.UNION : Kind.STRUCT);
    case Kind.ENUM:
    case Kind.ENUM64:
      return (
        isEnum(b) &&
        a.size === b.size &&
        a.values.every((v) => b.values.some((w) => namesMatch(v.name, w.name)))
      );
    case Kind.STRUCT:
    case Kind.UNION:
      if (behindPtr) return b.kind === a.kind || (b.kind === Kind.FWD && b.union === (a.kind === Kind.UNION));
      return (
        isComposite(b) &&
        a.kind === b.kind &&
        a.members.length <= b.members.length &&
        a.members.every((m) => b.members.some((n) => namesMatch(m.name, n.name) && deeper(m.type, n.type)))
      );
    case Kind.INT:
      return (
        b.kind === Kind.INT && a.size === b.size && (a.encoding & INT_SIGNED) === (b.encoding & INT_SIGNED)
      );
    case Kind.PTR:
      return b.kind === Kind.PTR && deeper(a.type, b.type, true);
    case Kind.ARRAY:
      return b.kind === Kind.ARRAY && a.nelems === b.nelems && deeper(a.type, b.type);
    case Kind.FUNC_PROTO:
      return b.kind === Kind.FUNC_PROTO && prototypesAgree(a, b, deeper);
    default:
      return false;
  }
}
