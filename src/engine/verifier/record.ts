/**
 * Special fields of a struct: what only helpers and kfuncs may touch, with what a kernel pointer points to
 * and which objects a list or tree holds. Values of maps have them, and structs that programs allocate.
 *
 * Source: btf_parse_fields, btf_find_struct_meta, kernel/bpf/btf.c, Linux 6.12.
 */
import type { Bytes, TypeId } from '../../shared/brand.ts';
import { resolve, sizeOf } from '../btf/layout.ts';
import type { Btf } from '../btf/parse.ts';
import { Kind } from '../btf/types.ts';
import type { MapInfo } from './request.ts';

/** Names of the structs, and type tags of pointers. */
export type FieldKind =
  | 'bpf_spin_lock'
  | 'bpf_res_spin_lock'
  | 'bpf_timer'
  | 'bpf_wq'
  | 'bpf_list_head'
  | 'bpf_list_node'
  | 'bpf_rb_root'
  | 'bpf_rb_node'
  | 'bpf_refcount'
  | 'kptr_untrusted'
  | 'kptr'
  | 'percpu_kptr';

/** A type in one of the two BTFs. */
export interface TypeRef {
  readonly btf: Btf;
  readonly id: TypeId;
}
/** `__contains(value, node)`: what a list or tree is made of. */
export interface GraphRoot extends TypeRef {
  readonly nodeOffset: Bytes;
}
export interface SpecialField {
  readonly kind: FieldKind;
  readonly offset: Bytes;
  readonly size: Bytes;
  /** Kernel pointers: to what. */
  readonly pointee: TypeRef | null;
  /** Lists and trees: of what. */
  readonly root: GraphRoot | null;
}
export type StructRecord = readonly SpecialField[];

/** Structs of which the kernel keeps those in a map's value or in an object of a program's. */
export const KERNEL_OWNED: ReadonlySet<string> = new Set([
  'bpf_spin_lock',
  'bpf_res_spin_lock',
  'bpf_timer',
  'bpf_wq',
  'bpf_list_head',
  'bpf_list_node',
  'bpf_rb_root',
  'bpf_rb_node',
  'bpf_refcount',
]);
const TAGS: ReadonlySet<string> = new Set(['kptr_untrusted', 'kptr', 'percpu_kptr']);
const MAX_DEPTH = 4;
const MAX_FIELDS = 11;

/** The name messages use. @kernel btf_field_type_name, include/linux/bpf.h @fidelity full: rules.test.ts */
export const fieldName = (kind: string): string => (kind === 'kptr_untrusted' ? 'kptr' : kind);
/** A lock of either kind. */
export const isLock = (kind: string): boolean => kind === 'bpf_spin_lock' || kind === 'bpf_res_spin_lock';
export const isPointerField = (kind: string): boolean => TAGS.has(kind);
/** Only structs that programs allocate may have nodes. */
const isNode = (kind: string): boolean => kind === 'bpf_list_node' || kind === 'bpf_rb_node';

/** One member of a struct or variable of a data section. */
interface Part {
  readonly type: TypeId;
  readonly offset: Bytes;
  /** `contains:value:node` on it, else null. */
  readonly contains: string | null;
}

const containsByBtf = new WeakMap<Btf, ReadonlyMap<string, string>>();

/** Decl tags `contains:...` by what they stand on: a member's index, or -1 for a variable. */
function containsTags(btf: Btf): ReadonlyMap<string, string> {
  let tags = containsByBtf.get(btf);
  if (!tags) {
    const found = new Map<string, string>();
    for (let id = btf.start; id < btf.end; id++) {
      const type = btf.type(id);
      if (type.kind === Kind.DECL_TAG && type.name.startsWith('contains:'))
        found.set(`${type.type}:${type.component}`, type.name.slice('contains:'.length));
    }
    tags = found;
    containsByBtf.set(btf, tags);
  }
  return tags;
}

function partsOf(btf: Btf, id: TypeId): Part[] {
  const type = btf.type(id);
  const tags = containsTags(btf);
  if (type.kind === Kind.STRUCT)
    return type.members.map((member, i) => ({
      type: member.type,
      offset: member.bitOffset / 8,
      contains: tags.get(`${id}:${i}`) ?? null,
    }));
  if (type.kind !== Kind.DATASEC) return [];
  return type.vars.map((entry) => {
    const variable = btf.type(entry.type);
    return {
      type: variable.kind === Kind.VAR ? variable.type : 0,
      offset: entry.offset,
      contains: tags.get(`${entry.type}:-1`) ?? null,
    };
  });
}

/** What a tagged pointer points to: a kernel struct of that name, or else a struct of the program. */
function pointeeOf(btf: Btf, kernel: Btf, pointer: TypeId): { kind: FieldKind; to: TypeRef } | null {
  const type = btf.type(pointer);
  if (type.kind !== Kind.PTR) return null;
  const tag = btf.type(type.type);
  if (tag.kind !== Kind.TYPE_TAG || !TAGS.has(tag.name)) return null;
  const local = resolve(btf, tag.type);
  const id = kernel.find(btf.nameOf(local), btf.kind(local));
  return { kind: tag.name as FieldKind, to: id === 0 ? { btf, id: local } : { btf: kernel, id } };
}

function rootOf(btf: Btf, contains: string | null): GraphRoot | null {
  if (contains === null) return null;
  const [value = '', node = ''] = contains.split(':');
  const id = btf.find(value, Kind.STRUCT);
  const struct = btf.type(id);
  const member = struct.kind === Kind.STRUCT ? struct.members.find((m) => m.name === node) : undefined;
  return member ? { btf, id, nodeOffset: member.bitOffset / 8 } : null;
}

function collect(btf: Btf, kernel: Btf, id: TypeId, base: Bytes, depth: number, out: SpecialField[]): void {
  if (depth > MAX_DEPTH) return;
  for (const part of partsOf(btf, id)) {
    let inner = resolve(btf, part.type);
    let count = 1;
    for (let type = btf.type(inner); type.kind === Kind.ARRAY; type = btf.type(inner)) {
      count *= type.nelems;
      inner = resolve(btf, type.type);
    }
    const pointer = pointeeOf(btf, kernel, inner);
    const name = btf.nameOf(inner);
    const isField = btf.kind(inner) === Kind.STRUCT && KERNEL_OWNED.has(name);
    if (!pointer && !isField && btf.kind(inner) !== Kind.STRUCT) continue;
    const size = sizeOf(btf, inner);
    for (let i = 0; i < count; i++) {
      const offset = base + part.offset + i * size;
      if (pointer) out.push({ kind: pointer.kind, offset, size, pointee: pointer.to, root: null });
      else if (isField)
        out.push({ kind: name as FieldKind, offset, size, pointee: null, root: rootOf(btf, part.contains) });
      else collect(btf, kernel, inner, offset, depth + 1, out);
    }
  }
}

const records = new WeakMap<Btf, Map<TypeId, StructRecord>>();

/**
 * Special fields of a struct or data section, in order of offset; none for other types.
 *
 * @kernel btf_parse_fields, kernel/bpf/btf.c
 * @fidelity partial: what BTF loading and map creation refuse is not refused again here
 */
export function recordOf(btf: Btf, kernel: Btf, id: TypeId): StructRecord {
  let byId = records.get(btf);
  if (!byId) records.set(btf, (byId = new Map()));
  let record = byId.get(id);
  if (!record) {
    const out: SpecialField[] = [];
    collect(btf, kernel, id, 0, 0, out);
    // a type with more is taken as one without
    record = out.length > MAX_FIELDS ? [] : out.sort((a, b) => a.offset - b.offset);
    byId.set(id, record);
  }
  return record;
}

/** Special fields of a map's values. */
export function mapRecord(map: MapInfo, kernel: Btf): StructRecord {
  if (map.valueType)
    return recordOf(map.valueType.btf, kernel, map.valueType.id).filter((field) => !isNode(field.kind));
  return map.fields.map((field) => ({
    kind: field.kind as FieldKind,
    offset: field.offset,
    size: field.size,
    pointee: null,
    root: null,
  }));
}

/** The field of a kind that starts at an offset. */
export const fieldAt = (record: StructRecord, kind: FieldKind, offset: Bytes): SpecialField | null =>
  record.find((field) => field.kind === kind && field.offset === offset) ?? null;
