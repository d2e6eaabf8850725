/**
 * Numbers for maps, programs, links and BTFs: handed out upwards from 1, never the last one again.
 *
 *     map_idr -> xarray -> struct bpf_map        so programs that know the symbol find them too
 *
 * Source: idr_alloc_cyclic, lib/idr.c; bpf_map_alloc_id and its likes, kernel/bpf/syscall.c.
 */
import { must } from '../../shared/assert.ts';
import type { Addr } from '../../shared/brand.ts';
import type { Kernel } from '../kernel/kernel.ts';
import type { View } from '../kernel/view.ts';
import { XArray } from '../kernel/xarray.ts';

const INT_MAX = 0x7fff_ffff;

export class IdTable<T extends { readonly addr: Addr }> {
  private readonly byId = new Map<number, T>();
  private readonly idr: View;
  private readonly tree: XArray;

  /** @param symbol of the kernel's `struct idr` */
  constructor(kernel: Kernel, symbol: string) {
    this.idr = kernel.object(symbol, 'idr');
    this.tree = new XArray(kernel, this.idr.sub('idr_rt'));
    this.startAt(1);
  }

  /** Numbers from `id` on: a machine that has been running has used up the ones before. */
  startAt(id: number): void {
    this.idr.set('idr_next', id);
  }

  /**
   * @kernel idr_alloc_cyclic, lib/idr.c
   * @fidelity full: src/engine/bpf/ids.test.ts
   */
  alloc<U extends T>(make: (id: number) => U): U {
    let id = this.idr.num('idr_next');
    while (this.byId.has(id)) id = after(id);
    this.startAt(after(id));
    const object = make(id);
    this.byId.set(id, object);
    this.tree.store(id, object.addr);
    return object;
  }

  find(id: number): T | null {
    return this.byId.get(id) ?? null;
  }

  /** The object with the lowest id that is at least `id`, with that id. @kernel idr_get_next, lib/idr.c @fidelity full: src/engine/bpf/ids.test.ts */
  atLeast(id: number): { readonly id: number; readonly object: T } | null {
    const found = this.tree.find(id);
    return found && { id: found.index, object: must(this.byId.get(found.index), 'the object of an id') };
  }

  remove(id: number): void {
    this.byId.delete(id);
    this.tree.erase(id);
  }

  /** In order of id. */
  all(): T[] {
    return [...this.byId].sort(([a], [b]) => a - b).map(([, object]) => object);
  }
}

const after = (id: number): number => (id === INT_MAX ? 1 : id + 1);
