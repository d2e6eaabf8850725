/**
 * Hash map and LRU hash map: the value stands in the element, behind the key.
 *
 * An update of a present key makes a new element at the head of the bucket and takes the old one out, so a
 * walk that is under way may meet the key again. A full LRU map gives up the element that was not looked
 * up for longest, instead of refusing.
 *
 * Source: kernel/bpf/hashtab.c, kernel/bpf/bpf_lru_list.c, Linux 6.12.
 */
import type { Addr } from '../../../shared/brand.ts';
import { fail } from '../../../shared/errno.ts';
import type { NegErrno } from '../../../shared/errno.ts';
import { alignUp } from '../../../shared/int64.ts';
import { BPF_EXIST, BPF_F_LOCK } from '../map.ts';
import type { MapInit } from '../map.ts';
import { freeAsyncFields, freeFields } from '../prog_objects.ts';
import { Htab } from './htab.ts';

export class HashMap extends Htab {
  constructor(init: MapInit) {
    super(init, alignUp(init.spec.valueSize, 8));
  }

  override valueAt(elem: Addr): Addr {
    return this.slotOf(elem);
  }

  protected override freeElem(elem: Addr): void {
    freeFields(this.kernel, this.special, this.slotOf(elem));
  }

  /** @kernel htab_map_free_timers_and_wq, kernel/bpf/hashtab.c @fidelity full: app/async.test.ts */
  override releaseUser(): readonly Addr[] {
    if (this.special.length === 0) return [];
    for (let elem = this.firstFrom(0); elem !== 0n; elem = this.after(elem))
      freeAsyncFields(this.kernel, this.special, this.slotOf(elem));
    return [];
  }

  /**
   * @kernel htab_map_update_elem, kernel/bpf/hashtab.c
   * @fidelity partial: memory never runs out, and nothing else holds a bucket's lock
   */
  override update(key: Addr, value: Addr, flags: bigint): NegErrno {
    const how = flags & ~BPF_F_LOCK;
    if (how > BPF_EXIST) return fail('EINVAL');
    const locked = (flags & BPF_F_LOCK) !== 0n;
    if (locked && !this.hasSpinLock) return fail('EINVAL');
    const old = this.find(key);
    const error = this.checkPresence(old, how);
    if (error !== 0) return error;
    if (old !== 0n && locked) {
      this.copyValue(this.slotOf(old), value);
      return 0;
    }
    if (old === 0n && this.count >= this.spec.maxEntries) return fail('E2BIG');
    this.copyValue(this.slotOf(this.insert(key)), value);
    if (old !== 0n) this.unlink(old);
    return 0;
  }
}

export class LruHashMap extends HashMap {
  private readonly slots = this.useStock();

  /**
   * Takes a free element first, for which another may have to go, then looks whether the key is there.
   *
   * @kernel htab_lru_map_update_elem, kernel/bpf/hashtab.c
   * @fidelity full: maps.test.ts
   */
  override update(key: Addr, value: Addr, flags: bigint): NegErrno {
    if (flags > BPF_EXIST) return fail('EINVAL');
    const elem = this.slots.pop();
    if (elem === 0n) return fail('ENOMEM');
    const old = this.find(key);
    const error = this.checkPresence(old, flags);
    if (error !== 0) {
      this.slots.push(elem);
      return error;
    }
    this.insert(key, elem);
    this.mem.fill(this.slotOf(elem), this.slotSize, 0);
    this.copyValue(this.slotOf(elem), value);
    if (old === 0n) return 0;
    this.slots.lru.touch(elem);
    this.unlink(old);
    return 0;
  }
}
