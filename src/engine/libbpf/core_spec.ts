/**
 * What a CO-RE relocation talks about: a root type and a path from it, as `task_struct` and `0:3:1`.
 *
 * The raw path counts members and elements, anonymous ones too. The accessors beside it keep only what has
 * a name or an index of its own: they are what can be found again in another kernel's types.
 *
 *     parseSpec    relocation record -> spec in the object's types
 *     matchSpec    that spec and one candidate -> spec in the kernel's types, or nothing
 */
import { Errno } from '../../shared/errno.ts';
import type { NegErrno } from '../../shared/errno.ts';
import type { TypeId } from '../../shared/brand.ts';
import type { CoreRelo } from '../btf/ext.ts';
import { resolve } from '../btf/layout.ts';
import type { Btf } from '../btf/parse.ts';
import { Kind } from '../btf/types.ts';
import type { BtfType } from '../btf/types.ts';
import {
  essentialName,
  fieldsAreCompat,
  isComposite,
  isEnum,
  KIND_TEXT,
  resolveSize,
  typesAreCompat,
  typesMatch,
} from './core_types.ts';

/** enum bpf_core_relo_kind */
export const CoreReloKind = {
  FIELD_BYTE_OFFSET: 0,
  FIELD_BYTE_SIZE: 1,
  FIELD_EXISTS: 2,
  FIELD_SIGNED: 3,
  FIELD_LSHIFT_U64: 4,
  FIELD_RSHIFT_U64: 5,
  TYPE_ID_LOCAL: 6,
  TYPE_ID_TARGET: 7,
  TYPE_EXISTS: 8,
  TYPE_SIZE: 9,
  ENUMVAL_EXISTS: 10,
  ENUMVAL_VALUE: 11,
  TYPE_MATCHES: 12,
} as const;
export type CoreReloKind = (typeof CoreReloKind)[keyof typeof CoreReloKind];

type Family = 'field' | 'type' | 'enumval';
/** By number: the name in messages, and what the access string means. */
const KINDS: readonly { readonly text: string; readonly family: Family }[] = [
  { text: 'byte_off', family: 'field' },
  { text: 'byte_sz', family: 'field' },
  { text: 'field_exists', family: 'field' },
  { text: 'signed', family: 'field' },
  { text: 'lshift_u64', family: 'field' },
  { text: 'rshift_u64', family: 'field' },
  { text: 'local_type_id', family: 'type' },
  { text: 'target_type_id', family: 'type' },
  { text: 'type_exists', family: 'type' },
  { text: 'type_size', family: 'type' },
  { text: 'enumval_exists', family: 'enumval' },
  { text: 'enumval_value', family: 'enumval' },
  { text: 'type_matches', family: 'type' },
];
export const coreReloKindText = (kind: number): string => KINDS[kind]?.text ?? 'unknown';
export const coreReloFamily = (kind: number): Family | null => KINDS[kind]?.family ?? null;

/** More steps than this are refused. */
const MAX_STEPS = 64;

export interface Accessor {
  /** The struct or enum of the step, or the element type of an array step. */
  readonly typeId: TypeId;
  /** Member, enumerator or element. */
  readonly idx: number;
  /** null: an array step. */
  readonly name: string | null;
}

export interface CoreSpec {
  readonly btf: Btf;
  readonly rootTypeId: TypeId;
  readonly kind: number;
  readonly accessors: readonly Accessor[];
  readonly raw: readonly number[];
  /** From the start of the root type. */
  readonly bitOffset: number;
}

/** True for an array without a length that ends its struct; `step` is how it was reached. */
function isFlexArray(btf: Btf, step: Accessor | undefined, nelems: number): boolean {
  if (!step || step.name === null || nelems > 0) return false;
  const struct = btf.type(step.typeId);
  return isComposite(struct) && step.idx === struct.members.length - 1;
}

/**
 * @returns the spec, -EINVAL when the path does not fit the types, -E2BIG when it is too long
 * @kernel bpf_core_parse_spec, relo_core.c
 * @fidelity full: relo_core.test.ts
 */
export function parseSpec(btf: Btf, relo: CoreRelo): CoreSpec | NegErrno {
  const text = btf.string(relo.accessStrOff);
  if (!/^\d+(:\d+)*$/.test(text)) return -Errno.EINVAL;
  const raw = text.split(':').map(Number);
  if (raw.length > MAX_STEPS) return -Errno.E2BIG;
  const [first = 0, ...steps] = raw;
  const family = coreReloFamily(relo.kind);
  const root: TypeId = resolve(btf, relo.typeId);
  const spec = { btf, rootTypeId: relo.typeId, kind: relo.kind, raw };
  if (family === null || relo.typeId >= btf.end) return -Errno.EINVAL;
  if (family === 'type') return text === '0' ? { ...spec, accessors: [], bitOffset: 0 } : -Errno.EINVAL;
  if (family === 'enumval') {
    const type = btf.type(root);
    const value = isEnum(type) && steps.length === 0 ? type.values[first] : undefined;
    if (!value) return -Errno.EINVAL;
    return { ...spec, accessors: [{ typeId: root, idx: first, name: value.name }], bitOffset: 0 };
  }

  const accessors: Accessor[] = [{ typeId: root, idx: first, name: null }];
  const rootSize = resolveSize({ btf, id: root });
  if (rootSize === null) return -Errno.EINVAL;
  let bitOffset = first * rootSize * 8;
  let id = root;
  for (const idx of steps) {
    id = resolve(btf, id);
    const type = btf.type(id);
    if (isComposite(type)) {
      const member = type.members[idx];
      if (!member) return -Errno.EINVAL;
      bitOffset += member.bitOffset;
      if (member.name !== '') accessors.push({ typeId: id, idx, name: member.name });
      id = member.type;
    } else if (type.kind === Kind.ARRAY) {
      const flex = isFlexArray(btf, accessors.at(-1), type.nelems);
      id = resolve(btf, type.type);
      const size = resolveSize({ btf, id });
      if (size === null || (!flex && idx >= type.nelems)) return -Errno.EINVAL;
      accessors.push({ typeId: id, idx, name: null });
      bitOffset += idx * size * 8;
    } else {
      return -Errno.EINVAL;
    }
  }
  return { ...spec, accessors, bitOffset };
}

interface MemberMatch {
  /** Indexes through anonymous members, the member's own last. */
  readonly path: readonly number[];
  readonly accessor: Accessor;
  readonly bitOffset: number;
  readonly type: TypeId;
}

/** Finds the member with the same name, through anonymous ones; null when there is none of compatible type. */
function matchMember(
  local: Btf,
  step: Accessor,
  target: Btf,
  targetId: TypeId,
  depth: number,
): MemberMatch | null {
  const id = resolve(target, targetId);
  const type = target.type(id);
  const localStruct = local.type(step.typeId);
  if (!isComposite(type) || !isComposite(localStruct) || depth === 0) return null;
  const wanted = localStruct.members[step.idx];
  for (const [idx, member] of type.members.entries()) {
    if (member.name === '') {
      const inner = matchMember(local, step, target, member.type, depth - 1);
      if (inner)
        return { ...inner, path: [idx, ...inner.path], bitOffset: inner.bitOffset + member.bitOffset };
    } else if (member.name === step.name) {
      const compatible = fieldsAreCompat(
        { btf: local, id: wanted?.type ?? 0 },
        { btf: target, id: member.type },
      );
      if (!compatible) return null;
      const accessor = { typeId: id, idx, name: member.name };
      return { path: [idx], accessor, bitOffset: member.bitOffset, type: member.type };
    }
  }
  return null;
}

/**
 * The local spec in terms of one candidate type, null when it is not like that, or a negated errno.
 *
 * @kernel bpf_core_spec_match, relo_core.c
 * @fidelity full: relo_core.test.ts
 */
export function matchSpec(local: CoreSpec, btf: Btf, candidate: TypeId): CoreSpec | null | NegErrno {
  const spec = { btf, rootTypeId: candidate, kind: local.kind };
  const family = coreReloFamily(local.kind);
  if (family === 'type') {
    const rule = local.kind === CoreReloKind.TYPE_MATCHES ? typesMatch : typesAreCompat;
    const same = rule({ btf: local.btf, id: local.rootTypeId }, { btf, id: candidate });
    return same ? { ...spec, accessors: [], raw: [], bitOffset: 0 } : null;
  }
  if (family === 'enumval') {
    const id = resolve(btf, candidate);
    const type = btf.type(id);
    if (!isEnum(type)) return null;
    const wanted = essentialName(local.accessors[0]?.name ?? '');
    const idx = type.values.findIndex((v) => essentialName(v.name) === wanted);
    if (idx < 0) return null;
    const name = type.values[idx]?.name ?? '';
    return { ...spec, accessors: [{ typeId: id, idx, name }], raw: [idx], bitOffset: 0 };
  }

  const accessors: Accessor[] = [];
  const raw: number[] = [];
  let bitOffset = 0;
  let id: TypeId = candidate;
  for (const [i, step] of local.accessors.entries()) {
    id = resolve(btf, id);
    if (step.name !== null) {
      const member = matchMember(local.btf, step, btf, id, MAX_STEPS);
      if (!member) return null;
      raw.push(...member.path);
      accessors.push(member.accessor);
      bitOffset += member.bitOffset;
      id = member.type;
    } else {
      // The first index is on the root type itself, a later one needs an array.
      if (i > 0) {
        const array: BtfType = btf.type(id);
        if (array.kind !== Kind.ARRAY) return null;
        if (!isFlexArray(btf, accessors.at(-1), array.nelems) && step.idx >= array.nelems) return null;
        id = resolve(btf, array.type);
      }
      const size = resolveSize({ btf, id });
      if (size === null) return -Errno.EINVAL;
      raw.push(step.idx);
      accessors.push({ typeId: id, idx: step.idx, name: null });
      bitOffset += step.idx * size * 8;
    }
    if (raw.length > MAX_STEPS) return -Errno.E2BIG;
  }
  return { ...spec, accessors, raw, bitOffset };
}

/** The spec as messages show it: `<byte_off> [12] struct task_struct.pid (0:3 @ offset 1256)`. */
export function formatSpec(spec: CoreSpec): string {
  const root = spec.btf.type(spec.rootTypeId);
  const head = `<${coreReloKindText(spec.kind)}> [${spec.rootTypeId}] ${KIND_TEXT[root.kind]} ${root.name || '<anon>'}`;
  const family = coreReloFamily(spec.kind);
  if (family === 'enumval') {
    const type = spec.btf.type(resolve(spec.btf, spec.rootTypeId));
    const value = isEnum(type) ? type.values[spec.raw[0] ?? 0] : undefined;
    return value ? `${head}::${value.name} = ${value.value}` : head;
  }
  if (family !== 'field') return head;
  const path = spec.accessors
    .map((a, i) => (a.name !== null ? `.${a.name}` : i > 0 || a.idx > 0 ? `[${a.idx}]` : ''))
    .join('');
  const bit = spec.bitOffset % 8;
  const at = `${Math.floor(spec.bitOffset / 8)}${bit === 0 ? '' : `.${bit}`}`;
  return `${head}${path} (${spec.raw.join(':')} @ offset ${at})`;
}
