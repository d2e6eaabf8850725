/**
 * How much memory a map takes, as `memlock:` in fdinfo says: what the kernel would allocate for it, which is
 * known from its sizes alone.
 *
 * Source: the map_mem_usage operations of kernel/bpf/arraymap.c, hashtab.c, queue_stack_maps.c, ringbuf.c
 * and their likes, Linux 6.12.
 */
import { alignUp } from '../../shared/int64.ts';
import type { Bytes } from '../../shared/brand.ts';
import { BPF_F_MMAPABLE, BPF_F_NO_PREALLOC, MapType } from '../abi/uapi.ts';
import type { BpfMap } from '../bpf/map.ts';
import { Htab } from '../bpf/maps/htab.ts';
import { LpmTrieMap } from '../bpf/maps/lpm_trie.ts';

const PAGE = 4096;
const POINTER = 8;
/** Locks that guard the buckets of a hash map against itself, one int for each processor. */
const HASHTAB_MAP_LOCK_COUNT = 8;
const BUCKET = 16;
/** Consumer and producer position, and the page before them. */
const RINGBUF_META_PAGES = 3;

type Usage = (map: BpfMap) => Bytes;

const roundUpPow2 = (n: number): number => 2 ** Math.ceil(Math.log2(Math.max(1, n)));
const head = (map: BpfMap): Bytes => map.container.type.size;

const arrayUsage: Usage = (map) => {
  const values = map.slotSize * map.spec.maxEntries;
  return (map.spec.flags & BPF_F_MMAPABLE) !== 0
    ? alignUp(head(map), PAGE) + alignUp(values, PAGE)
    : head(map) + values;
};

const percpuArrayUsage: Usage = (map) =>
  head(map) + map.spec.maxEntries * (POINTER + map.slotSize * map.cpus);

const pointerArrayUsage: Usage = (map) => head(map) + map.spec.maxEntries * POINTER;

/** Of an element that is allocated when it is needed: what links it to its allocator. */
const LLIST_NODE = 8;

/** @param percpu elements hold a pointer to values @param spare elements that an update may use first */
const hashUsage =
  (percpu: boolean, spare: boolean): Usage =>
  (map) => {
    const { spec, cpus, kernel } = map;
    const elem =
      kernel.types.struct('htab_elem').size + alignUp(spec.keySize, 8) + (percpu ? POINTER : map.slotSize);
    const values = percpu ? map.slotSize * cpus : 0;
    const locks = 4 * cpus * HASHTAB_MAP_LOCK_COUNT;
    const fixed = head(map) + BUCKET * roundUpPow2(spec.maxEntries) + locks;
    if ((spec.flags & BPF_F_NO_PREALLOC) !== 0) {
      const count = map instanceof Htab ? map.count : 0;
      return fixed + count * (elem + LLIST_NODE + (percpu ? LLIST_NODE + POINTER : 0) + values);
    }
    return fixed + (spec.maxEntries + (spare ? cpus : 0)) * (elem + values) + (spare ? POINTER * cpus : 0);
  };

const queueUsage: Usage = (map) => head(map) + (map.spec.maxEntries + 1) * map.spec.valueSize;

const ringbufUsage: Usage = (map) => {
  const data = map.spec.maxEntries / PAGE;
  return (
    map.kernel.types.struct('bpf_ringbuf_map').size +
    (RINGBUF_META_PAGES + data) * PAGE +
    (RINGBUF_META_PAGES + 2 * data) * POINTER
  );
};

const sizeOf = (map: BpfMap, struct: string): Bytes => map.kernel.types.struct(struct).size;

const stackTraceUsage: Usage = (map) =>
  head(map) +
  roundUpPow2(map.spec.maxEntries) * POINTER +
  map.spec.maxEntries * (sizeOf(map, 'stack_map_bucket') + map.spec.valueSize);

const devmapHashUsage: Usage = (map) =>
  head(map) +
  roundUpPow2(map.spec.maxEntries) * POINTER +
  map.container.num('items') * sizeOf(map, 'bpf_dtab_netdev');

const sockHashUsage: Usage = (map) =>
  head(map) +
  roundUpPow2(map.spec.maxEntries) * sizeOf(map, 'bpf_shtab_bucket') +
  map.container.num('count') * (sizeOf(map, 'bpf_shtab_elem') + alignUp(map.spec.keySize, 8));

const bloomUsage: Usage = (map) => head(map) + alignUp((map.container.num('bitset_mask') + 1) / 8, POINTER);

const localStorageUsage: Usage = (map) =>
  head(map) + sizeOf(map, 'bpf_local_storage_map_bucket') * 2 ** map.container.num('bucket_log');

/** Only what is in it. */
const trieUsage: Usage = (map) => (map instanceof LpmTrieMap ? map.count * map.elemSize : 0);

const USAGE: ReadonlyMap<number, Usage> = new Map([
  [MapType.HASH, hashUsage(false, true)],
  [MapType.ARRAY, arrayUsage],
  [MapType.PROG_ARRAY, pointerArrayUsage],
  [MapType.PERF_EVENT_ARRAY, pointerArrayUsage],
  [MapType.PERCPU_HASH, hashUsage(true, false)],
  [MapType.PERCPU_ARRAY, percpuArrayUsage],
  [MapType.STACK_TRACE, stackTraceUsage],
  [MapType.CGROUP_ARRAY, pointerArrayUsage],
  [MapType.LRU_HASH, hashUsage(false, false)],
  [MapType.LRU_PERCPU_HASH, hashUsage(true, false)],
  [MapType.LPM_TRIE, trieUsage],
  [MapType.ARRAY_OF_MAPS, pointerArrayUsage],
  [MapType.HASH_OF_MAPS, hashUsage(false, true)],
  [MapType.DEVMAP, pointerArrayUsage],
  [MapType.SOCKMAP, pointerArrayUsage],
  [MapType.CPUMAP, pointerArrayUsage],
  [MapType.XSKMAP, pointerArrayUsage],
  [MapType.SOCKHASH, sockHashUsage],
  [MapType.REUSEPORT_SOCKARRAY, pointerArrayUsage],
  [MapType.QUEUE, queueUsage],
  [MapType.STACK, queueUsage],
  [MapType.SK_STORAGE, localStorageUsage],
  [MapType.DEVMAP_HASH, devmapHashUsage],
  [MapType.RINGBUF, ringbufUsage],
  [MapType.INODE_STORAGE, localStorageUsage],
  [MapType.TASK_STORAGE, localStorageUsage],
  [MapType.BLOOM_FILTER, bloomUsage],
  [MapType.USER_RINGBUF, ringbufUsage],
  [MapType.CGRP_STORAGE, localStorageUsage],
  [MapType.ARENA, () => 0],
]);

/**
 * @kernel bpf_map_memory_usage, kernel/bpf/syscall.c
 * @fidelity full: redirect_maps.test.ts
 */
export const mapMemlock = (map: BpfMap): Bytes => USAGE.get(map.spec.type)?.(map) ?? head(map);
