/**
 * Per-cpu hash map and its LRU form: behind the key stands a pointer to one copy per processor.
 *
 * Unlike in a plain hash map, an update of a present key changes the copy in place.
 *
 * Source: kernel/bpf/hashtab.c, Linux 6.12.
 */
import type { Addr } from '../../../shared/brand.ts';
import { fail } from '../../../shared/errno.ts';
import type { NegErrno } from '../../../shared/errno.ts';
import { BPF_ANY, BPF_EXIST } from '../map.ts';
import type { MapInit } from '../map.ts';
import { allocPercpu, percpuSlot, readPercpu, writePercpu } from '../percpu.ts';
import { Htab } from './htab.ts';

export class PercpuHashMap extends Htab {
  constructor(init: MapInit) {
    super(init, 8);
  }

  /** The per-cpu pointer of an element. */
  pointer(elem: Addr): Addr {
    return this.mem.u64(this.slotOf(elem));
  }

  override valueAt(elem: Addr): Addr {
    return percpuSlot(this.pointer(elem), this.slotSize, 0);
  }

  override lookupPercpu(key: Addr, cpu: number): Addr {
    const elem = this.find(key);
    return elem === 0n || cpu >= this.cpus ? 0n : percpuSlot(this.pointer(elem), this.slotSize, cpu);
  }

  /** The element for a key, made when it is absent, or why not. */
  protected upsert(key: Addr, flags: bigint): Addr | NegErrno {
    if (flags > BPF_EXIST) return fail('EINVAL');
    const old = this.find(key);
    const error = this.checkPresence(old, flags);
    if (error !== 0) return error;
    if (old !== 0n) return old;
    return this.count >= this.spec.maxEntries ? fail('E2BIG') : this.insertCopies(key);
  }

  /** A new element with its copies. @param elem room for it, else it is made */
  protected insertCopies(key: Addr, elem = this.allocElem()): Addr {
    this.insert(key, elem);
    this.mem.setU64(this.slotOf(elem), allocPercpu(this.mem, this.slotSize, this.cpus));
    return elem;
  }

  /**
   * @kernel __htab_percpu_map_update_elem, kernel/bpf/hashtab.c
   * @fidelity full: maps.test.ts
   */
  override update(key: Addr, value: Addr, flags: bigint): NegErrno {
    const elem = this.upsert(key, flags);
    if (typeof elem === 'number') return elem;
    this.copyValue(this.valueAt(elem), value);
    return 0;
  }

  override read(key: Uint8Array): Uint8Array | null {
    const elem = this.withKey(key, (at) => this.find(at));
    return elem === 0n ? null : readPercpu(this, this.pointer(elem));
  }

  /**
   * @kernel bpf_percpu_hash_update, kernel/bpf/hashtab.c
   * @fidelity full: maps.test.ts
   */
  override write(key: Uint8Array, value: Uint8Array, flags = BPF_ANY): NegErrno {
    const elem = this.withKey(key, (at) => this.upsert(at, flags));
    if (typeof elem === 'number') return elem;
    writePercpu(this, this.pointer(elem), value);
    return 0;
  }

  private withKey<T>(key: Uint8Array, body: (at: Addr) => T): T {
    const at = this.mem.alloc(key.length, 8);
    this.mem.setBytes(at, key);
    try {
      return body(at);
    } finally {
      this.mem.release(at);
    }
  }

  protected override freeElem(elem: Addr): void {
    this.mem.release(this.pointer(elem));
  }
}

export class LruPercpuHashMap extends PercpuHashMap {
  private readonly slots = this.useStock();

  /**
   * @kernel __htab_lru_percpu_map_update_elem, kernel/bpf/hashtab.c
   * @fidelity full: maps.test.ts
   */
  protected override upsert(key: Addr, flags: bigint): Addr | NegErrno {
    if (flags > BPF_EXIST) return fail('EINVAL');
    const spare = flags === BPF_EXIST ? 0n : this.slots.pop();
    if (flags !== BPF_EXIST && spare === 0n) return fail('ENOMEM');
    const old = this.find(key);
    const error = this.checkPresence(old, flags);
    if (error === 0 && old === 0n) return this.insertCopies(key, spare);
    if (old !== 0n && error === 0) this.slots.lru.touch(old);
    if (spare !== 0n) this.slots.push(spare);
    return error === 0 ? old : error;
  }
}
