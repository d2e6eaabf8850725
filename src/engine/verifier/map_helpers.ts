/**
 * Which helpers work on which kinds of map. Both sides name each other: a helper may be limited to kinds of
 * map, and a kind of map to helpers.
 *
 * Source: check_map_func_compatibility, record_func_map, kernel/bpf/verifier.c, Linux 6.12.
 */
import { BPF_F_RDONLY_PROG, MapType } from '../abi/uapi.ts';
import type { MapTypeName } from '../abi/uapi.ts';
import type { Env } from './env.ts';
import type { MapInfo } from './request.ts';

type Pair = readonly [helpers: string, maps: string];

/** Helpers (without bpf_) -> the only kinds of map they work on. */
const HELPER_MAPS: readonly Pair[] = [
  ['tail_call', 'PROG_ARRAY'],
  ['perf_event_read perf_event_output perf_event_read_value skb_output xdp_output', 'PERF_EVENT_ARRAY'],
  ['ringbuf_output ringbuf_reserve ringbuf_query ringbuf_reserve_dynptr', 'RINGBUF'],
  ['user_ringbuf_drain', 'USER_RINGBUF'],
  ['get_stackid', 'STACK_TRACE'],
  ['current_task_under_cgroup skb_under_cgroup', 'CGROUP_ARRAY'],
  ['map_push_elem', 'QUEUE STACK BLOOM_FILTER'],
  ['map_pop_elem', 'QUEUE STACK'],
  ['map_peek_elem', 'QUEUE STACK BLOOM_FILTER'],
  ['map_lookup_percpu_elem', 'PERCPU_ARRAY PERCPU_HASH LRU_PERCPU_HASH'],
  ['sk_storage_get sk_storage_delete', 'SK_STORAGE'],
  ['inode_storage_get inode_storage_delete', 'INODE_STORAGE'],
  ['task_storage_get task_storage_delete', 'TASK_STORAGE'],
  ['cgrp_storage_get cgrp_storage_delete', 'CGRP_STORAGE'],
];

const KEYED = 'map_lookup_elem map_update_elem map_delete_elem';
/** Kinds of map -> the only helpers that work on them. */
const MAP_HELPERS: readonly Pair[] = [
  ['tail_call', 'PROG_ARRAY'],
  ['perf_event_read perf_event_output skb_output perf_event_read_value xdp_output', 'PERF_EVENT_ARRAY'],
  ['ringbuf_output ringbuf_reserve ringbuf_query ringbuf_reserve_dynptr', 'RINGBUF'],
  ['user_ringbuf_drain', 'USER_RINGBUF'],
  ['get_stackid', 'STACK_TRACE'],
  ['skb_under_cgroup current_task_under_cgroup', 'CGROUP_ARRAY'],
  ['get_local_storage', 'CGROUP_STORAGE PERCPU_CGROUP_STORAGE'],
  ['redirect_map map_lookup_elem', 'DEVMAP DEVMAP_HASH XSKMAP'],
  ['redirect_map', 'CPUMAP'],
  ['map_lookup_elem', 'ARRAY_OF_MAPS HASH_OF_MAPS'],
  [KEYED, 'SOCKMAP SOCKHASH'],
  ['sk_select_reuseport', 'REUSEPORT_SOCKARRAY'],
  ['map_peek_elem map_pop_elem map_push_elem', 'QUEUE STACK'],
  ['sk_storage_get sk_storage_delete kptr_xchg', 'SK_STORAGE'],
  ['inode_storage_get inode_storage_delete kptr_xchg', 'INODE_STORAGE'],
  ['task_storage_get task_storage_delete kptr_xchg', 'TASK_STORAGE'],
  ['cgrp_storage_get cgrp_storage_delete kptr_xchg', 'CGRP_STORAGE'],
  ['map_peek_elem map_push_elem', 'BLOOM_FILTER'],
];

const words = (text: string): readonly string[] => text.split(' ');
const mapsOfHelper: ReadonlyMap<string, ReadonlySet<number>> = new Map(
  HELPER_MAPS.flatMap(([helpers, maps]) => {
    const kinds = new Set(words(maps).map((name) => MapType[name as MapTypeName]));
    return words(helpers).map((name) => [`bpf_${name}`, kinds] as const);
  }),
);
const helpersOfMap: ReadonlyMap<number, ReadonlySet<string>> = new Map(
  MAP_HELPERS.flatMap(([helpers, maps]) => {
    const names = new Set(words(helpers).map((name) => `bpf_${name}`));
    return words(maps).map((name) => [MapType[name as MapTypeName], names] as const);
  }),
);

const FROM_NETWORK: ReadonlySet<string> = new Set(['SOCKET_FILTER', 'SCHED_CLS', 'SCHED_ACT', 'XDP']);
/** @kernel may_update_sockmap, kernel/bpf/verifier.c @fidelity partial: no test runs it */
const mayUpdateSockmap = (env: Env): boolean => env.target !== null || FROM_NETWORK.has(env.progName);

/** The values of such maps are sockets. */
export const isSocketMap = (map: MapInfo | null): boolean =>
  map?.type === MapType.SOCKMAP || map?.type === MapType.SOCKHASH;

/** @kernel check_map_func_compatibility, kernel/bpf/verifier.c @fidelity partial: sockmap helpers of other types */
export function checkMapCompatible(env: Env, map: MapInfo | null, id: number, name: string): void {
  if (!map) return;
  if (
    isSocketMap(map) &&
    (name === 'bpf_map_update_elem' || name === 'bpf_map_delete_elem') &&
    !mayUpdateSockmap(env)
  ) {
    env.write('cannot update sockmap in this context\n');
    env.reject('EINVAL', `cannot pass map_type ${map.type} into func ${name}#${id}`);
  }
  const helpers = helpersOfMap.get(map.type);
  const maps = mapsOfHelper.get(name);
  if ((!helpers || helpers.has(name)) && (!maps || maps.has(map.type))) return;
  env.reject('EINVAL', `cannot pass map_type ${map.type} into func ${name}#${id}`);
}

const CHANGES: ReadonlySet<string> = new Set(
  ['delete_elem', 'update_elem', 'push_elem', 'pop_elem'].map((name) => `bpf_map_${name}`),
);

/** A map that programs only read is not changed. @kernel record_func_map, kernel/bpf/verifier.c @fidelity full: rules.test.ts */
export function checkMapWritable(env: Env, map: MapInfo | null, name: string): void {
  if (map && map.flags & BPF_F_RDONLY_PROG && CHANGES.has(name))
    env.reject('EACCES', 'write into map forbidden');
}
