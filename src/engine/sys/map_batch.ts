/**
 * Many elements with one system call, and reading an element while it is taken out.
 *
 * Maps of the hash kinds are read a whole bucket at a time: the place to go on at is the number of a bucket,
 * and a bucket that does not fit is left for the next call. All others go from key to key.
 *
 * Source: kernel/bpf/syscall.c, kernel/bpf/hashtab.c, Linux 6.12.
 */
import { fail } from '../../shared/errno.ts';
import type { NegErrno } from '../../shared/errno.ts';
import { MapType } from '../abi/uapi.ts';
import { BPF_F_LOCK } from '../bpf/map.ts';
import type { BpfMap } from '../bpf/map.ts';
import { Htab } from '../bpf/maps/htab.ts';
import { QueueStackMap } from '../bpf/maps/queue_stack.ts';
import { mapDelete, mapLookup, mapUpdate } from './map_cmds.ts';
import type { Sys } from './sys.ts';

export interface Element {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

/** What BPF_MAP_LOOKUP_BATCH copies out. */
export interface LookupBatch {
  /** 0; -ENOENT after the last element, which may have come with elements; or another failure. */
  readonly ret: NegErrno;
  readonly elements: readonly Element[];
  /** Where the next call goes on: to be given back as `from`. */
  readonly next: Uint8Array | null;
}

/** What BPF_MAP_UPDATE_BATCH and BPF_MAP_DELETE_BATCH copy out. */
export interface ChangeBatch {
  readonly ret: NegErrno;
  /** Elements that were changed. */
  readonly count: number;
}

type Operation = 'lookup' | 'lookup_and_delete' | 'update' | 'delete';
const HASH = ['lookup', 'lookup_and_delete', 'update', 'delete'] as const;
const ARRAY = ['lookup', 'update'] as const;
const LPM = ['lookup', 'update', 'delete'] as const;
/** Which operations a kind has in batches. */
const BATCHES: ReadonlyMap<number, readonly Operation[]> = new Map<number, readonly Operation[]>([
  [MapType.HASH, HASH],
  [MapType.PERCPU_HASH, HASH],
  [MapType.LRU_HASH, HASH],
  [MapType.LRU_PERCPU_HASH, HASH],
  [MapType.HASH_OF_MAPS, HASH],
  [MapType.ARRAY, ARRAY],
  [MapType.PERCPU_ARRAY, ARRAY],
  [MapType.ARRAY_OF_MAPS, ARRAY],
  [MapType.LPM_TRIE, LPM],
]);

/** The map, if the fd and the kind allow the operation. @kernel bpf_map_do_batch, kernel/bpf/syscall.c @fidelity full: map_batch.test.ts */
function mapFor(sys: Sys, fd: number, operation: Operation, flags: bigint): BpfMap | NegErrno {
  const map = sys.fds.mapFor(fd, { reads: operation.startsWith('lookup'), writes: operation !== 'lookup' });
  if (typeof map === 'number') return map;
  if (!BATCHES.get(map.spec.type)?.includes(operation)) return fail('ENOTSUPP');
  if ((flags & ~BPF_F_LOCK) !== 0n && operation !== 'update') return fail('EINVAL');
  return (flags & BPF_F_LOCK) !== 0n && !map.hasSpinLock ? fail('EINVAL') : map;
}

const failed = (ret: NegErrno): LookupBatch => ({ ret, elements: [], next: null });

/**
 * BPF_MAP_LOOKUP_BATCH and BPF_MAP_LOOKUP_AND_DELETE_BATCH.
 *
 * @param from `next` of the call before, null for the first
 * @param count room for so many elements
 * @param flags BPF_F_LOCK
 */
export function mapLookupBatch(
  sys: Sys,
  fd: number,
  from: Uint8Array | null,
  count: number,
  flags = 0n,
  remove = false,
): LookupBatch {
  const map = mapFor(sys, fd, remove ? 'lookup_and_delete' : 'lookup', flags);
  if (typeof map === 'number') return failed(map);
  if (count === 0) return failed(0);
  const batch = map instanceof Htab ? byBucket(sys, fd, map, from, count) : byKey(sys, fd, map, from, count);
  if (remove) for (const { key } of batch.elements) mapDelete(sys, fd, key);
  return batch;
}

/** @kernel __htab_map_lookup_and_delete_batch, kernel/bpf/hashtab.c @fidelity full: map_batch.test.ts */
function byBucket(sys: Sys, fd: number, map: Htab, from: Uint8Array | null, count: number): LookupBatch {
  let bucket = from ? new DataView(from.buffer, from.byteOffset).getUint32(0, true) : 0;
  if (bucket >= map.buckets) return failed(fail('ENOENT'));
  const elements: Element[] = [];
  let ret: NegErrno = fail('ENOENT');
  for (; bucket < map.buckets; bucket++) {
    const keys = map.keysIn(bucket);
    if (keys.length > count - elements.length) {
      ret = elements.length === 0 ? fail('ENOSPC') : 0;
      break;
    }
    for (const key of keys) {
      const value = mapLookup(sys, fd, key);
      if (typeof value !== 'number') elements.push({ key, value });
    }
  }
  return { ret, elements, next: new Uint8Array(Uint32Array.of(bucket).buffer) };
}

/** @kernel generic_map_lookup_batch, kernel/bpf/syscall.c @fidelity full: map_batch.test.ts */
function byKey(sys: Sys, fd: number, map: BpfMap, from: Uint8Array | null, count: number): LookupBatch {
  const elements: Element[] = [];
  let previous = from;
  while (elements.length < count) {
    const key = map.nextKey(previous);
    if (!key) return { ret: fail('ENOENT'), elements, next: previous };
    const value = mapLookup(sys, fd, key);
    if (typeof value !== 'number') elements.push({ key, value });
    else if (value !== fail('ENOENT')) return { ret: value, elements, next: previous };
    previous = key;
  }
  return { ret: 0, elements, next: previous };
}

/**
 * BPF_MAP_UPDATE_BATCH: ends at the first element that cannot be stored.
 *
 * @kernel generic_map_update_batch, kernel/bpf/syscall.c
 * @fidelity full: map_batch.test.ts
 */
export function mapUpdateBatch(sys: Sys, fd: number, elements: readonly Element[], flags = 0n): ChangeBatch {
  const map = mapFor(sys, fd, 'update', flags);
  if (typeof map === 'number') return { ret: map, count: 0 };
  return eachUntilFailure(elements, ({ key, value }) => mapUpdate(sys, fd, key, value, flags));
}

/** BPF_MAP_DELETE_BATCH. @kernel generic_map_delete_batch, kernel/bpf/syscall.c @fidelity full: map_batch.test.ts */
export function mapDeleteBatch(sys: Sys, fd: number, keys: readonly Uint8Array[], flags = 0n): ChangeBatch {
  const map = mapFor(sys, fd, 'delete', flags);
  if (typeof map === 'number') return { ret: map, count: 0 };
  return eachUntilFailure(keys, (key) => mapDelete(sys, fd, key));
}

function eachUntilFailure<T>(items: readonly T[], change: (item: T) => NegErrno): ChangeBatch {
  for (const [count, item] of items.entries()) {
    const ret = change(item);
    if (ret !== 0) return { ret, count };
  }
  return { ret: 0, count: items.length };
}

const POPPED: ReadonlySet<number> = new Set([MapType.QUEUE, MapType.STACK]);
const TAKEN: ReadonlySet<number> = new Set([
  MapType.HASH,
  MapType.PERCPU_HASH,
  MapType.LRU_HASH,
  MapType.LRU_PERCPU_HASH,
]);

/**
 * BPF_MAP_LOOKUP_AND_DELETE_ELEM.
 *
 * @returns the value, -ENOTSUPP for kinds without, or what the map says
 * @kernel map_lookup_and_delete_elem, kernel/bpf/syscall.c
 * @fidelity full: map_batch.test.ts
 */
export function mapLookupAndDelete(
  sys: Sys,
  fd: number,
  key: Uint8Array | null,
  flags = 0n,
): Uint8Array | NegErrno {
  if ((flags & ~BPF_F_LOCK) !== 0n) return fail('EINVAL');
  const map = sys.fds.mapFor(fd, { reads: true, writes: true });
  if (typeof map === 'number') return map;
  const pops = POPPED.has(map.spec.type);
  if (flags !== 0n && (pops || !map.hasSpinLock)) return fail('EINVAL');
  if (map instanceof QueueStackMap) return map.popValue() ?? fail('ENOENT');
  if (!TAKEN.has(map.spec.type)) return fail('ENOTSUPP');
  const value = mapLookup(sys, fd, key);
  if (typeof value !== 'number') mapDelete(sys, fd, key);
  return value;
}
