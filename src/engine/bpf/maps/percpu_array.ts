/**
 * Per-cpu array: behind struct bpf_array stand pointers, one for each element, to a copy per processor.
 *
 * Programs see their own processor's copy, system calls all of them.
 *
 * Source: kernel/bpf/arraymap.c, Linux 6.12.
 */
import type { Addr } from '../../../shared/brand.ts';
import { fail } from '../../../shared/errno.ts';
import type { NegErrno } from '../../../shared/errno.ts';
import { alignUp } from '../../../shared/int64.ts';
import { BPF_ANY, BPF_EXIST, BPF_NOEXIST } from '../map.ts';
import type { MapInit } from '../map.ts';
import { allocPercpu, percpuSlot, readPercpu, writePercpu } from '../percpu.ts';
import { IndexedMap } from './array.ts';

export class PercpuArrayMap extends IndexedMap {
  constructor(init: MapInit) {
    super(init, alignUp(init.spec.valueSize, 8), 8);
    for (let i = 0; i < init.spec.maxEntries; i++)
      this.mem.setU64(this.values + BigInt(i * 8), allocPercpu(this.mem, this.slotSize, this.cpus));
  }

  /** The per-cpu pointer of an element. */
  pointer(index: number): Addr {
    return this.mem.u64(this.values + BigInt(index * 8));
  }

  /**
   * @kernel percpu_array_map_lookup_elem, kernel/bpf/arraymap.c
   * @fidelity full: maps.test.ts
   */
  override lookup(key: Addr): Addr {
    return this.lookupPercpu(key, 0);
  }

  /**
   * @kernel percpu_array_map_lookup_percpu_elem, kernel/bpf/arraymap.c
   * @fidelity full: maps.test.ts
   */
  override lookupPercpu(key: Addr, cpu: number): Addr {
    const index = this.index(key);
    return index < 0 || cpu >= this.cpus ? 0n : percpuSlot(this.pointer(index), this.slotSize, cpu);
  }

  /**
   * @kernel array_map_update_elem, kernel/bpf/arraymap.c
   * @fidelity full: maps.test.ts
   */
  override update(key: Addr, value: Addr, flags: bigint): NegErrno {
    const error = this.checkUpdate(key, flags);
    if (error !== 0) return error;
    this.copyValue(this.lookup(key), value);
    return 0;
  }

  override read(key: Uint8Array): Uint8Array | null {
    const index = new DataView(key.buffer, key.byteOffset).getUint32(0, true);
    return index < this.spec.maxEntries ? readPercpu(this, this.pointer(index)) : null;
  }

  /**
   * @kernel bpf_percpu_array_update, kernel/bpf/arraymap.c
   * @fidelity full: maps.test.ts
   */
  override write(key: Uint8Array, value: Uint8Array, flags = BPF_ANY): NegErrno {
    const index = new DataView(key.buffer, key.byteOffset).getUint32(0, true);
    if (flags > BPF_EXIST) return fail('EINVAL');
    if (index >= this.spec.maxEntries) return fail('E2BIG');
    if (flags === BPF_NOEXIST) return fail('EEXIST');
    writePercpu(this, this.pointer(index), value);
    return 0;
  }

  protected override freeContent(): void {
    for (let i = 0; i < this.spec.maxEntries; i++) this.mem.release(this.pointer(i));
  }
}
