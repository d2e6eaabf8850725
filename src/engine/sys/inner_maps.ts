/**
 * Maps in maps: which kinds can stand in another map, and which map may take the place of the one that the
 * outer map was made with. Programs were verified against that one, so whatever they rely on must agree.
 *
 * Source: kernel/bpf/map_in_map.c and the map_meta_equal operations of the kinds, Linux 6.12.
 */
import { fail } from '../../shared/errno.ts';
import type { NegErrno } from '../../shared/errno.ts';
import { MapType } from '../abi/uapi.ts';
import type { BpfMap } from '../bpf/map.ts';
import type { SpecialField } from '../bpf/special_fields.ts';

/** Arrays whose number of elements programs do not rely on. */
const BPF_F_INNER_MAP = 1 << 12;
/** Kinds without map_meta_equal. */
const NEVER_INNER: ReadonlySet<number> = new Set([
  MapType.PROG_ARRAY,
  MapType.CGROUP_STORAGE,
  MapType.PERCPU_CGROUP_STORAGE,
  MapType.STRUCT_OPS,
]);
const SAME_SIZE: ReadonlySet<number> = new Set([MapType.ARRAY, MapType.XSKMAP]);

/**
 * What an outer map is made with.
 *
 * @returns 0, -EINVAL for a map of maps, -ENOTSUPP for a kind that cannot be in one
 * @kernel bpf_map_meta_alloc, kernel/bpf/map_in_map.c
 * @fidelity full: inner_maps.test.ts
 */
export function checkInner(inner: BpfMap): NegErrno {
  if (inner.spec.inner) return fail('EINVAL');
  return NEVER_INNER.has(inner.spec.type) ? fail('ENOTSUPP') : 0;
}

const fieldText = ({ kind, offset, size, target = '' }: SpecialField): string =>
  [kind, offset, size, target].join(' ');
const record = (map: BpfMap): string => map.special.map(fieldText).join('; ');

/**
 * @param like what the outer map was made with
 * @kernel bpf_map_meta_equal, kernel/bpf/map_in_map.c; array_map_meta_equal, kernel/bpf/arraymap.c
 * @fidelity full: inner_maps.test.ts
 */
export function metaEqual(like: BpfMap, map: BpfMap): boolean {
  const [a, b] = [like.spec, map.spec];
  const same =
    a.type === b.type && a.keySize === b.keySize && a.valueSize === b.valueSize && a.flags === b.flags;
  const anySize = !SAME_SIZE.has(a.type) || (a.type === MapType.ARRAY && (a.flags & BPF_F_INNER_MAP) !== 0);
  return same && (anySize || a.maxEntries === b.maxEntries) && record(like) === record(map);
}
