/**
 * Numbers for maps, programs, links and BTFs: handed out upwards from 1, never the last one again.
 *
 * Source: idr_alloc_cyclic, lib/idr.c; bpf_map_alloc_id and its likes, kernel/bpf/syscall.c.
 */
const INT_MAX = 0x7fff_ffff;

export class IdTable<T> {
  private readonly byId = new Map<number, T>();
  private next = 1;

  /** Numbers from `id` on: a machine that has been running has used up the ones before. */
  startAt(id: number): void {
    this.next = id;
  }

  /**
   * @kernel idr_alloc_cyclic, lib/idr.c
   * @fidelity full
   */
  alloc<U extends T>(make: (id: number) => U): U {
    while (this.byId.has(this.next)) this.next = this.next === INT_MAX ? 1 : this.next + 1;
    const id = this.next;
    this.next = id === INT_MAX ? 1 : id + 1;
    const object = make(id);
    this.byId.set(id, object);
    return object;
  }

  find(id: number): T | null {
    return this.byId.get(id) ?? null;
  }

  /** The object with the lowest id that is at least `id`, with that id. */
  atLeast(id: number): { readonly id: number; readonly object: T } | null {
    let best = Infinity;
    for (const have of this.byId.keys()) if (have >= id && have < best) best = have;
    const object = this.byId.get(best);
    return object === undefined ? null : { id: best, object };
  }

  remove(id: number): void {
    this.byId.delete(id);
  }

  /** In order of id. */
  all(): T[] {
    return [...this.byId].sort(([a], [b]) => a - b).map(([, object]) => object);
  }
}
