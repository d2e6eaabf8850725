/**
 * The elements of an LRU map: all made beforehand in one block, handed out and given up by its lists.
 *
 * Source: kernel/bpf/hashtab.c (prealloc_init, prealloc_lru_pop, htab_lru_map_delete_node), Linux 6.12.
 */
import type { Addr, Bytes } from '../../../shared/brand.ts';
import { BPF_F_NO_COMMON_LRU } from '../../abi/uapi.ts';
import type { BpfMap } from '../map.ts';
import { Lru } from './lru_list.ts';

export class LruSlots {
  private readonly map: BpfMap;
  private readonly block: Addr;
  readonly lru: Lru;

  /** @param evict takes an element out of its bucket; false when it is in none */
  constructor(map: BpfMap, elemSize: Bytes, evict: (elem: Addr) => boolean) {
    const { kernel, mem, spec, cpus, container } = map;
    this.map = map;
    this.block = mem.alloc(elemSize * spec.maxEntries, 64);
    const percpu = (spec.flags & BPF_F_NO_COMMON_LRU) !== 0;
    this.lru = new Lru(kernel, { lru: container.sub('lru'), percpu, entries: spec.maxEntries, cpus, evict });
    container.trySet('elems', this.block);
    for (let i = 0; i < spec.maxEntries; i++) this.lru.populate(this.block + BigInt(i * elemSize));
  }

  /** An element that is in no bucket, 0 when there is none. Its value is that of the key before, until it is written. */
  pop(): Addr {
    return this.lru.pop();
  }
  push(elem: Addr): void {
    this.lru.push(elem);
  }

  free(): void {
    this.lru.free();
    this.map.mem.release(this.block);
  }
}
