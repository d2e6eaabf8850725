/** The kinds of map this kernel has, by BPF_MAP_TYPE_* number. A kind that is not here cannot be created. */
import type { NegErrno } from '../../../shared/errno.ts';
import type { BpfMap, MapInit, MapSpec } from '../map.ts';
import { ArenaMap, arenaAllocCheck } from './arena.ts';
import { ArrayMap, arrayAllocCheck } from './array.ts';
import { BloomFilterMap, bloomAllocCheck } from './bloom_filter.ts';
import { CgroupLocalStorageMap, cgroupStorageAllocCheck } from './cgroup_local_storage.ts';
import { CpuMap, cpumapAllocCheck } from './cpumap.ts';
import { DevMap, DevMapHash, devmapAllocCheck } from './devmap.ts';
import { ArrayOfMaps, CgroupArrayMap, ProgArrayMap, fdArrayAllocCheck } from './fd_array.ts';
import { HashMap, LruHashMap } from './hash.ts';
import { HashOfMaps } from './hash_of_maps.ts';
import { htabAllocCheck, htabOfMapsAllocCheck } from './htab.ts';
import {
  CgroupStorageMap,
  InodeStorageMap,
  SkStorageMap,
  TaskStorageMap,
  localStorageAllocCheck,
} from './local_storage.ts';
import { InsnArrayMap, insnArrayAllocCheck } from './insn_array.ts';
import { LpmTrieMap, lpmAllocCheck } from './lpm_trie.ts';
import { PercpuArrayMap } from './percpu_array.ts';
import { LruPercpuHashMap, PercpuHashMap } from './percpu_hash.ts';
import { PerfEventArrayMap } from './perf_event_array.ts';
import { QueueMap, StackMap, queueAllocCheck } from './queue_stack.ts';
import { StructOpsMap, structOpsAllocCheck } from './struct_ops.ts';
import { StackTraceMap, stackTraceAllocCheck } from './stack_trace.ts';
import { SockHash, SockMap, sockHashAllocCheck, sockMapAllocCheck } from './sock_map.ts';
import { ReuseportArray, XskMap, reuseportAllocCheck, xskmapAllocCheck } from './socket_arrays.ts';
import { RingbufMap, ringbufAllocCheck } from './ringbuf.ts';
import { UserRingbufMap } from './user_ringbuf.ts';

export interface MapKind {
  /** As in BPF_MAP_TYPE_..., lower case: what bpftool prints. */
  readonly name: string;
  /** The symbol of its struct bpf_map_ops. */
  readonly ops: string;
  /** @returns 0, or why such a map cannot be made */
  readonly check: (spec: MapSpec) => NegErrno;
  readonly make: (init: MapInit) => BpfMap;
  /** System calls exchange a value per processor. */
  readonly percpu: boolean;
}

const hash = (spec: MapSpec): NegErrno => htabAllocCheck(spec, false);
const localStorage = (spec: MapSpec): NegErrno => localStorageAllocCheck(spec);
const lru = (spec: MapSpec): NegErrno => htabAllocCheck(spec, true);

function kind(
  name: string,
  ops: string,
  check: MapKind['check'],
  type: new (init: MapInit) => BpfMap,
  percpu = false,
): MapKind {
  const make = (init: MapInit): BpfMap => {
    const map = new type(init);
    map.view.trySet('ops', init.kernel.symbols.find(ops)?.addr ?? 0n);
    return map;
  };
  return { name, ops, check, make, percpu };
}

export const MAP_KINDS: ReadonlyMap<number, MapKind> = new Map([
  [1, kind('hash', 'htab_map_ops', hash, HashMap)],
  [2, kind('array', 'array_map_ops', arrayAllocCheck, ArrayMap)],
  [3, kind('prog_array', 'prog_array_map_ops', fdArrayAllocCheck, ProgArrayMap)],
  [4, kind('perf_event_array', 'perf_event_array_map_ops', fdArrayAllocCheck, PerfEventArrayMap)],
  [5, kind('percpu_hash', 'htab_percpu_map_ops', hash, PercpuHashMap, true)],
  [6, kind('percpu_array', 'percpu_array_map_ops', arrayAllocCheck, PercpuArrayMap, true)],
  [7, kind('stack_trace', 'stack_trace_map_ops', stackTraceAllocCheck, StackTraceMap)],
  [8, kind('cgroup_array', 'cgroup_array_map_ops', fdArrayAllocCheck, CgroupArrayMap)],
  [9, kind('lru_hash', 'htab_lru_map_ops', lru, LruHashMap)],
  [10, kind('lru_percpu_hash', 'htab_lru_percpu_map_ops', lru, LruPercpuHashMap, true)],
  [11, kind('lpm_trie', 'trie_map_ops', lpmAllocCheck, LpmTrieMap)],
  [12, kind('array_of_maps', 'array_of_maps_map_ops', fdArrayAllocCheck, ArrayOfMaps)],
  [13, kind('hash_of_maps', 'htab_of_maps_map_ops', htabOfMapsAllocCheck, HashOfMaps)],
  [14, kind('devmap', 'dev_map_ops', devmapAllocCheck, DevMap)],
  [15, kind('sockmap', 'sock_map_ops', sockMapAllocCheck, SockMap)],
  [16, kind('cpumap', 'cpu_map_ops', cpumapAllocCheck, CpuMap)],
  [17, kind('xskmap', 'xsk_map_ops', xskmapAllocCheck, XskMap)],
  [18, kind('sockhash', 'sock_hash_ops', sockHashAllocCheck, SockHash)],
  [
    19,
    kind('cgroup_storage', 'cgroup_storage_map_ops', cgroupStorageAllocCheck(false), CgroupLocalStorageMap),
  ],
  [20, kind('reuseport_sockarray', 'reuseport_array_ops', reuseportAllocCheck, ReuseportArray)],
  [
    21,
    kind(
      'percpu_cgroup_storage',
      'cgroup_storage_map_ops',
      cgroupStorageAllocCheck(true),
      CgroupLocalStorageMap,
      true,
    ),
  ],
  [22, kind('queue', 'queue_map_ops', queueAllocCheck, QueueMap)],
  [23, kind('stack', 'stack_map_ops', queueAllocCheck, StackMap)],
  [24, kind('sk_storage', 'sk_storage_map_ops', (spec) => localStorageAllocCheck(spec, true), SkStorageMap)],
  [25, kind('devmap_hash', 'dev_map_hash_ops', devmapAllocCheck, DevMapHash)],
  [26, kind('struct_ops', 'bpf_struct_ops_map_ops', structOpsAllocCheck, StructOpsMap)],
  [27, kind('ringbuf', 'ringbuf_map_ops', ringbufAllocCheck, RingbufMap)],
  [28, kind('inode_storage', 'inode_storage_map_ops', localStorage, InodeStorageMap)],
  [29, kind('task_storage', 'task_storage_map_ops', localStorage, TaskStorageMap)],
  [30, kind('bloom_filter', 'bloom_filter_map_ops', bloomAllocCheck, BloomFilterMap)],
  [31, kind('user_ringbuf', 'user_ringbuf_map_ops', ringbufAllocCheck, UserRingbufMap)],
  [32, kind('cgrp_storage', 'cgrp_storage_map_ops', localStorage, CgroupStorageMap)],
  [33, kind('arena', 'arena_map_ops', arenaAllocCheck, ArenaMap)],
  [34, kind('insn_array', 'insn_array_map_ops', insnArrayAllocCheck, InsnArrayMap)],
]);
