/**
 * Hash of maps: the element holds a pointer to the inner map.
 *
 * Source: kernel/bpf/hashtab.c, Linux 6.12.
 */
import type { Addr } from '../../../shared/brand.ts';
import { fail } from '../../../shared/errno.ts';
import type { NegErrno } from '../../../shared/errno.ts';
import { BPF_EXIST } from '../map.ts';
import type { MapInit } from '../map.ts';
import type { FdArrayTarget } from './fd_array.ts';
import { Htab } from './htab.ts';

export class HashOfMaps extends Htab {
  constructor(init: MapInit) {
    super(init, 8);
  }

  override valueAt(elem: Addr): Addr {
    return this.mem.u64(this.slotOf(elem));
  }

  /** Programs cannot store what only a file descriptor can name. */
  override update(_key: Addr, _value: Addr, _flags: bigint): NegErrno {
    return fail('EINVAL');
  }

  /**
   * Stores a pointer under the key at `key`.
   *
   * @returns the pointer that was there before, whose reference the caller drops, or a negated errno
   * @kernel bpf_fd_htab_map_update_elem, kernel/bpf/hashtab.c
   * @fidelity full: inner_maps.test.ts
   */
  exchange(key: Addr, target: FdArrayTarget, flags: bigint): Addr | NegErrno {
    if (flags > BPF_EXIST) return fail('EINVAL');
    const old = this.find(key);
    const error = this.checkPresence(old, flags);
    if (error !== 0) return error;
    if (old === 0n && this.count >= this.spec.maxEntries) return fail('E2BIG');
    const before = old === 0n ? 0n : this.valueAt(old);
    this.mem.setU64(this.slotOf(this.insert(key)), target.addr);
    if (old !== 0n) this.unlink(old);
    return before;
  }

  /** Takes a key out. @returns the pointer that was there, whose reference the caller drops, or -ENOENT @kernel bpf_fd_htab_map_delete_elem, kernel/bpf/hashtab.c @fidelity full: inner_maps.test.ts */
  remove(key: Addr): Addr | NegErrno {
    const elem = this.find(key);
    if (elem === 0n) return fail('ENOENT');
    const before = this.valueAt(elem);
    this.unlink(elem);
    return before;
  }

  override held(): readonly Addr[] {
    const out: Addr[] = [];
    for (let elem = this.firstFrom(0); elem !== 0n; elem = this.after(elem)) out.push(this.valueAt(elem));
    return out;
  }
}
