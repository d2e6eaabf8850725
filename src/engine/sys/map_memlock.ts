/**
 * How much memory a map takes, as `memlock:` in fdinfo says: what the kernel would allocate for it, which is
 * known from its sizes alone.
 *
 * Source: the map_mem_usage operations of kernel/bpf/arraymap.c, hashtab.c, queue_stack_maps.c, ringbuf.c.
 */
import { alignUp } from '../../shared/int64.ts';
import type { Bytes } from '../../shared/brand.ts';
import { BPF_F_MMAPABLE, BPF_F_NO_PREALLOC, MapType } from '../abi/uapi.ts';
import type { BpfMap } from '../bpf/map.ts';

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

/** @param percpu elements hold a pointer to values @param spare elements that an update may use first */
const hashUsage =
  (percpu: boolean, spare: boolean): Usage =>
  (map) => {
    const { spec, cpus, kernel } = map;
    const elem =
      kernel.types.struct('htab_elem').size + alignUp(spec.keySize, 8) + (percpu ? POINTER : map.slotSize);
    const locks = 4 * cpus * HASHTAB_MAP_LOCK_COUNT;
    const fixed = head(map) + BUCKET * roundUpPow2(spec.maxEntries) + locks;
    const preallocated = (spec.flags & BPF_F_NO_PREALLOC) === 0;
    const entries = preallocated ? spec.maxEntries + (spare ? cpus : 0) : 0;
    return (
      fixed +
      entries * (elem + (percpu ? map.slotSize * cpus : 0)) +
      (preallocated && spare ? POINTER * cpus : 0)
    );
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

const USAGE: ReadonlyMap<number, Usage> = new Map([
  [MapType.HASH, hashUsage(false, true)],
  [MapType.ARRAY, arrayUsage],
  [MapType.PROG_ARRAY, pointerArrayUsage],
  [MapType.PERCPU_HASH, hashUsage(true, false)],
  [MapType.PERCPU_ARRAY, percpuArrayUsage],
  [MapType.LRU_HASH, hashUsage(false, false)],
  [MapType.LRU_PERCPU_HASH, hashUsage(true, false)],
  [MapType.ARRAY_OF_MAPS, pointerArrayUsage],
  [MapType.HASH_OF_MAPS, hashUsage(false, true)],
  [MapType.QUEUE, queueUsage],
  [MapType.STACK, queueUsage],
  [MapType.RINGBUF, ringbufUsage],
]);

/**
 * @kernel bpf_map_memory_usage, kernel/bpf/syscall.c
 * @fidelity partial: a hash map without preallocation is counted as empty
 */
export const mapMemlock = (map: BpfMap): Bytes => USAGE.get(map.spec.type)?.(map) ?? head(map);
