/**
 * BTF of a map's key and value, as BPF_MAP_CREATE checks it: sizes must agree, a kind has its own idea of keys, and
 * not every kind may hold locks, timers or kernel pointers. libbpf tries again without BTF when this says no.
 *
 * Source: map_check_btf, kernel/bpf/syscall.c and the map_check_btf operations of the kinds, Linux 6.12.
 */
import type { Bytes, TypeId } from '../../shared/brand.ts';
import { fail } from '../../shared/errno.ts';
import type { NegErrno } from '../../shared/errno.ts';
import { BPF_F_RDONLY_PROG, BPF_F_WRONLY_PROG, MapType } from '../abi/uapi.ts';
import type { MapTypeName } from '../abi/uapi.ts';
import type { MapSpec } from '../bpf/map.ts';
import { specialFields } from '../bpf/special_fields.ts';
import { resolve, sizeOf } from '../btf/layout.ts';
import type { Btf } from '../btf/parse.ts';
import { Kind } from '../btf/types.ts';

const types = (names: string): ReadonlySet<number> =>
  new Set(names.split(' ').map((name) => MapType[name as MapTypeName]));

const STORAGE = 'SK_STORAGE INODE_STORAGE TASK_STORAGE CGRP_STORAGE';
const ASYNC = types('HASH LRU_HASH ARRAY');
const POINTERS = types(`HASH PERCPU_HASH LRU_HASH LRU_PERCPU_HASH ARRAY PERCPU_ARRAY ${STORAGE}`);
/** Kinds of map that may hold a part of the kernel's in their values. */
const FIELD_MAPS: Readonly<Record<string, ReadonlySet<number>>> = {
  bpf_spin_lock: types(`HASH ARRAY CGROUP_STORAGE ${STORAGE}`),
  bpf_res_spin_lock: types(`HASH ARRAY CGROUP_STORAGE ${STORAGE}`),
  bpf_timer: ASYNC,
  bpf_wq: ASYNC,
  bpf_list_head: ASYNC,
  bpf_rb_root: ASYNC,
  bpf_refcount: POINTERS,
  kptr: POINTERS,
  kptr_untrusted: POINTERS,
  percpu_kptr: POINTERS,
  uptr: types('TASK_STORAGE'),
};

/** The types, modifiers and typedefs taken away; 0: none. */
interface Pair {
  readonly btf: Btf;
  readonly key: TypeId;
  readonly value: TypeId;
}
type KindCheck = (pair: Pair, spec: MapSpec) => boolean;

const isInt = (btf: Btf, id: TypeId, size: Bytes): boolean => {
  const type = btf.type(id);
  return type.kind === Kind.INT && type.size === size && type.bitOffset === 0 && type.bits === size * 8;
};
const isFd: KindCheck = ({ btf, key }) => isInt(btf, key, 4);

/** An index; global data has no key and is a section. @kernel array_map_check_btf, kernel/bpf/arraymap.c @fidelity full: map_btf.test.ts */
const arrayCheck: KindCheck = ({ btf, key, value }, { type, maxEntries }) =>
  key === 0
    ? type === MapType.ARRAY && maxEntries === 1 && btf.kind(value) === Kind.DATASEC
    : isInt(btf, key, 4);

const KIND_CHECKS: ReadonlyMap<number, KindCheck> = new Map<number, KindCheck>([
  [MapType.ARRAY, arrayCheck],
  [MapType.PERCPU_ARRAY, arrayCheck],
  [MapType.LPM_TRIE, ({ btf, key }) => btf.kind(key) === Kind.STRUCT],
  [MapType.BLOOM_FILTER, ({ key }) => key === 0],
  [MapType.ARENA, () => true],
  ...[...types(STORAGE)].map((type) => [type, isFd] as const),
]);
/** Kinds that take no BTF at all. */
const WITHOUT_BTF = types(
  'PERF_EVENT_ARRAY STACK_TRACE CGROUP_ARRAY ARRAY_OF_MAPS DEVMAP DEVMAP_HASH CPUMAP XSKMAP SOCKMAP SOCKHASH',
);

/** Bytes of a type that has a size, else null. @kernel btf_type_id_size, kernel/bpf/btf.c @fidelity full: map_btf.test.ts */
function sizedType(btf: Btf, id: TypeId): Bytes | null {
  const type = btf.type(id);
  if (type.kind === Kind.DATASEC) return type.size;
  const sized = [Kind.INT, Kind.PTR, Kind.ARRAY, Kind.STRUCT, Kind.UNION, Kind.ENUM, Kind.ENUM64, Kind.FLOAT];
  return sized.some((kind) => kind === type.kind) ? sizeOf(btf, id) : null;
}

/**
 * @returns 0; -EINVAL for sizes or a key that do not go with the map, -EOPNOTSUPP for a field that the kind may not
 *   hold, -EACCES for one in a map that programs may not read or write, -ENOTSUPP for a kind without BTF
 * @kernel map_check_btf, kernel/bpf/syscall.c
 * @fidelity partial: fields are not checked among themselves; the key of cgroup storage is not looked into
 */
export function checkMapBtf(spec: MapSpec): NegErrno {
  if (!spec.btf) return 0;
  const { types: btf } = spec.btf;
  const pair = { btf, key: resolve(btf, spec.btf.key), value: resolve(btf, spec.btf.value) };
  const own = KIND_CHECKS.get(spec.type);
  const without = WITHOUT_BTF.has(spec.type);
  if (pair.key === 0 ? !own && !without : sizedType(btf, pair.key) !== spec.keySize) return fail('EINVAL');
  if (sizedType(btf, pair.value) !== spec.valueSize) return fail('EINVAL');
  const fields = specialFields(btf, spec.btf.value).filter(({ kind }) => FIELD_MAPS[kind]);
  if (fields.length > 0 && (spec.flags & (BPF_F_RDONLY_PROG | BPF_F_WRONLY_PROG)) !== 0)
    return fail('EACCES');
  if (fields.some(({ kind }) => !FIELD_MAPS[kind]?.has(spec.type))) return fail('EOPNOTSUPP');
  if (without) return fail('ENOTSUPP');
  return own && !own(pair, spec) ? fail('EINVAL') : 0;
}
