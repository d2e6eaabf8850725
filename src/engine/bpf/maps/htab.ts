/**
 * Hash table in kernel memory: buckets of chained elements, newest first.
 *
 *     htab.buckets[hash & (n - 1)].first -> elem { next, pprev, ..., hash, key, value } -> ... -> nulls
 *
 * A chain ends with a marker, (bucket << 1) | 1, which tells a reader in which bucket it ended up. What an
 * element holds after its key is the business of the kinds: a value, or a per-cpu pointer.
 *
 * Source: kernel/bpf/hashtab.c, include/linux/list_nulls.h, Linux 6.12.
 */
import type { Addr, Bytes } from '../../../shared/brand.ts';
import { fail } from '../../../shared/errno.ts';
import type { NegErrno } from '../../../shared/errno.ts';
import { alignUp } from '../../../shared/int64.ts';
import { BPF_F_NO_COMMON_LRU, MapType } from '../../abi/uapi.ts';
import { keyHash } from '../../kernel/jhash.ts';
import { BPF_EXIST, BPF_F_NO_PREALLOC, BPF_F_ZERO_SEED, BPF_NOEXIST, BpfMap } from '../map.ts';
import type { MapInit, MapSpec } from '../map.ts';
import { LruSlots } from './lru_slots.ts';
import { KMALLOC_MAX_SIZE, NODE_AND_ACCESS, PCPU_MIN_UNIT_SIZE, flagsOk } from './create_flags.ts';

/** The kernel draws it at random for each map; here a run must repeat. */
const SEED = 0x1b873593;

const roundUpPow2 = (n: number): number => 2 ** Math.ceil(Math.log2(Math.max(1, n)));
const isNulls = (p: Addr): boolean => (p & 1n) === 1n;

const KNOWN_FLAGS = NODE_AND_ACCESS | BPF_F_NO_PREALLOC | BPF_F_NO_COMMON_LRU | BPF_F_ZERO_SEED;
/** sizeof(struct htab_elem) */
const ELEM_HEAD: Bytes = 48;

/** Kinds with a value for each processor. */
const PERCPU: ReadonlySet<number> = new Set([MapType.PERCPU_HASH, MapType.LRU_PERCPU_HASH]);

/**
 * @kernel htab_map_alloc_check, htab_map_alloc, kernel/bpf/hashtab.c
 * @fidelity partial: capabilities are not modelled
 */
export function htabAllocCheck(spec: MapSpec, lru: boolean): NegErrno {
  const { type, flags, keySize, valueSize, maxEntries, numaNode = -1 } = spec;
  const ownLists = (flags & BPF_F_NO_COMMON_LRU) !== 0;
  if (!flagsOk(flags, KNOWN_FLAGS) || (!lru && ownLists)) return fail('EINVAL');
  if (lru && (flags & BPF_F_NO_PREALLOC) !== 0) return fail('ENOTSUPP');
  if (numaNode !== -1 && (PERCPU.has(type) || ownLists)) return fail('EINVAL');
  if (maxEntries === 0 || keySize === 0 || valueSize === 0) return fail('EINVAL');
  if (keySize + valueSize >= KMALLOC_MAX_SIZE - ELEM_HEAD) return fail('E2BIG');
  if (PERCPU.has(type) && alignUp(valueSize, 8) > PCPU_MIN_UNIT_SIZE) return fail('E2BIG');
  return maxEntries > 2 ** 31 ? fail('E2BIG') : 0;
}

/** @kernel htab_of_map_alloc_check, kernel/bpf/hashtab.c @fidelity full: maps.test.ts */
export const htabOfMapsAllocCheck = (spec: MapSpec): NegErrno =>
  spec.valueSize !== 4 ? fail('EINVAL') : htabAllocCheck(spec, false);

export abstract class Htab extends BpfMap {
  readonly buckets: number;
  private readonly table: Addr;
  private readonly bucketSize: Bytes;
  private readonly at: { readonly hash: bigint; readonly key: bigint; readonly value: bigint };
  private readonly elemSize: Bytes;
  /** Where the elements of an LRU map come from; null: memory. */
  private stock: LruSlots | null = null;

  /** @param valueBytes what an element holds behind its key */
  constructor(init: MapInit, valueBytes: Bytes) {
    super(init, 'bpf_htab');
    const { types } = this.kernel;
    const elem = types.struct('htab_elem');
    const key = elem.field('key').offset;
    const value = key + alignUp(this.spec.keySize, 8);
    this.at = { hash: BigInt(elem.field('hash').offset), key: BigInt(key), value: BigInt(value) };
    this.elemSize = value + valueBytes;
    this.buckets = roundUpPow2(this.spec.maxEntries);
    this.bucketSize = types.struct('bucket').size;
    this.table = this.mem.alloc(this.buckets * this.bucketSize);
    for (let i = 0; i < this.buckets; i++) this.mem.setU64(this.bucket(i), BigInt(i * 2 + 1));
    this.container.set('buckets', this.table);
    this.container.set('n_buckets', this.buckets);
    this.container.set('elem_size', this.elemSize);
    this.container.set('hashrnd', (this.spec.flags & BPF_F_ZERO_SEED) !== 0 ? 0 : SEED);
    if (this.view.has('elem_count')) this.view.set('elem_count', this.mem.alloc(8 * this.cpus));
  }

  // -- chains ------------------------------------------------------------------------------------------------

  private bucket(i: number): Addr {
    return this.table + BigInt(i * this.bucketSize);
  }
  /** The first element of a bucket, or 0. */
  first(bucket: number): Addr {
    const p = this.mem.u64(this.bucket(bucket));
    return isNulls(p) ? 0n : p;
  }
  /** The element after this one in its bucket, or 0. */
  next(elem: Addr): Addr {
    const p = this.mem.u64(elem);
    return isNulls(p) ? 0n : p;
  }
  keyOf(elem: Addr): Addr {
    return elem + this.at.key;
  }
  /** Address of what stands behind the key. */
  slotOf(elem: Addr): Addr {
    return elem + this.at.value;
  }
  /** Is it in a bucket? */
  private isLinked(elem: Addr): boolean {
    return this.mem.u64(elem + 8n) !== 0n;
  }
  /** What a program sees as the element's value. */
  abstract valueAt(elem: Addr): Addr;

  get count(): number {
    return this.container.num('count');
  }

  private hashOf(key: Addr): number {
    return keyHash(this.mem.bytes(key, this.spec.keySize), this.container.num('hashrnd'));
  }

  /**
   * @returns the element with the key at `key`, or 0
   * @kernel __htab_map_lookup_elem, kernel/bpf/hashtab.c
   * @fidelity full: maps.test.ts
   */
  find(key: Addr): Addr {
    const want = this.mem.bytes(key, this.spec.keySize);
    const hash = keyHash(want, this.container.num('hashrnd'));
    for (let elem = this.first(hash & (this.buckets - 1)); elem !== 0n; elem = this.next(elem))
      if (this.mem.u32(elem + this.at.hash) === hash && this.sameKey(elem, want)) return elem;
    return 0n;
  }

  private sameKey(elem: Addr, want: Uint8Array): boolean {
    const have = this.mem.bytes(this.keyOf(elem), want.length);
    return have.every((byte, i) => byte === want[i]);
  }

  /** Elements come from a fixed stock from now on, and the one not looked up for longest makes room. */
  protected useStock(): LruSlots {
    this.stock = new LruSlots(this, this.elemSize, (elem) => {
      if (!this.isLinked(elem)) return false;
      this.takeOut(elem);
      return true;
    });
    return this.stock;
  }

  /** Room for an element, zeroed. */
  protected allocElem(): Addr {
    return this.mem.alloc(this.elemSize, 8);
  }
  /** The room of an element is free again. */
  private releaseElem(elem: Addr): void {
    if (this.stock) this.stock.push(elem);
    else this.mem.release(elem);
  }

  /** A new element for a key, its value zeroed, at the head of its bucket. */
  protected insert(key: Addr, elem = this.allocElem()): Addr {
    const { mem } = this;
    const hash = this.hashOf(key);
    const head = this.bucket(hash & (this.buckets - 1));
    const first = mem.u64(head);
    mem.setU32(elem + this.at.hash, hash);
    mem.setBytes(this.keyOf(elem), mem.bytes(key, this.spec.keySize));
    mem.setU64(elem, first);
    mem.setU64(elem + 8n, head);
    if (!isNulls(first)) mem.setU64(first + 8n, elem);
    mem.setU64(head, elem);
    this.adjust(1);
    return elem;
  }

  /** Takes an element out of its bucket and frees it; a reader that stands on it can still go on. */
  protected unlink(elem: Addr): void {
    this.takeOut(elem);
    this.releaseElem(elem);
  }
  private takeOut(elem: Addr): void {
    const { mem } = this;
    const next = mem.u64(elem);
    const pprev = mem.u64(elem + 8n);
    mem.setU64(pprev, next);
    if (!isNulls(next)) mem.setU64(next + 8n, pprev);
    mem.setU64(elem + 8n, 0n);
    this.freeElem(elem);
    this.adjust(-1);
  }

  /** Gives back what belongs to an element. */
  protected freeElem(_elem: Addr): void {}

  private adjust(by: 1 | -1): void {
    this.container.set('count', this.count + by);
    const counters = this.view.has('elem_count') ? this.view.ptr('elem_count') : 0n;
    if (counters !== 0n) this.mem.setU64(counters, this.mem.u64(counters) + BigInt(by));
  }

  // -- map operations that all hash kinds share ----------------------------------------------------------------

  /**
   * @kernel check_flags, kernel/bpf/hashtab.c
   * @fidelity full: maps.test.ts
   */
  protected checkPresence(old: Addr, flags: bigint): NegErrno {
    if (old !== 0n && flags === BPF_NOEXIST) return fail('EEXIST');
    if (old === 0n && flags === BPF_EXIST) return fail('ENOENT');
    return 0;
  }

  /** A program looks, which an LRU map notes. @kernel htab_map_lookup_elem, htab_lru_map_lookup_elem, kernel/bpf/hashtab.c @fidelity full: maps.test.ts */
  override lookup(key: Addr): Addr {
    const elem = this.find(key);
    if (elem === 0n) return 0n;
    this.stock?.lru.touch(elem);
    return this.valueAt(elem);
  }
  /** User space looks without being noticed. @kernel htab_lru_map_lookup_elem_sys, kernel/bpf/hashtab.c @fidelity full: maps.test.ts */
  override read(key: Uint8Array): Uint8Array | null {
    return this.readAt(key, (at) => {
      const elem = this.find(at);
      return elem === 0n ? 0n : this.valueAt(elem);
    });
  }

  /**
   * @kernel htab_map_delete_elem, kernel/bpf/hashtab.c
   * @fidelity full: maps.test.ts
   */
  override delete(key: Addr): NegErrno {
    const elem = this.find(key);
    if (elem === 0n) return fail('ENOENT');
    this.unlink(elem);
    return 0;
  }

  /**
   * @kernel htab_map_get_next_key, kernel/bpf/hashtab.c
   * @fidelity full: maps.test.ts
   */
  override getNextKey(key: Addr, next: Addr): NegErrno {
    const elem = key === 0n ? 0n : this.find(key);
    const found = elem === 0n ? this.firstFrom(0) : this.after(elem);
    if (found === 0n) return fail('ENOENT');
    this.mem.setBytes(next, this.mem.bytes(this.keyOf(found), this.spec.keySize));
    return 0;
  }

  /** The first element in this bucket or a later one, or 0. */
  firstFrom(bucket: number): Addr {
    for (let i = bucket; i < this.buckets; i++) {
      const elem = this.first(i);
      if (elem !== 0n) return elem;
    }
    return 0n;
  }

  /** Address of the key of the element whose value is at this address. */
  keyOfValue(value: Addr): Addr {
    return value - this.at.value + this.at.key;
  }

  /** Keys of the elements of one bucket, newest first. */
  keysIn(bucket: number): Uint8Array[] {
    const out: Uint8Array[] = [];
    for (let elem = this.first(bucket); elem !== 0n; elem = this.next(elem))
      out.push(this.mem.bytes(this.keyOf(elem), this.spec.keySize));
    return out;
  }

  bucketOf(elem: Addr): number {
    return this.mem.u32(elem + this.at.hash) & (this.buckets - 1);
  }

  /** The element after this one in the whole table, or 0. */
  after(elem: Addr): Addr {
    const next = this.next(elem);
    return next === 0n ? this.firstFrom(this.bucketOf(elem) + 1) : next;
  }

  /**
   * @kernel bpf_for_each_hash_elem, kernel/bpf/hashtab.c
   * @fidelity full: src/engine/sys/recorded.test.ts
   */
  override forEach(visit: (key: Addr, value: Addr) => boolean): number {
    let visited = 0;
    for (let i = 0; i < this.buckets; i++)
      for (let elem = this.first(i); elem !== 0n;) {
        const next = this.next(elem);
        visited++;
        if (!visit(this.keyOf(elem), this.valueAt(elem))) return visited;
        elem = next;
      }
    return visited;
  }

  /**
   * @kernel bpf_map_sum_elem_count, kernel/bpf/map_iter.c
   * @fidelity full: maps.test.ts
   */
  get sumElemCount(): bigint {
    const counters = this.view.has('elem_count') ? this.view.ptr('elem_count') : 0n;
    return counters === 0n ? 0n : this.mem.u64(counters);
  }

  protected override freeContent(): void {
    for (let elem = this.firstFrom(0); elem !== 0n; elem = this.firstFrom(0)) this.unlink(elem);
    if (this.view.has('elem_count')) this.mem.release(this.view.ptr('elem_count'));
    this.mem.release(this.table);
    this.stock?.free();
  }
}
