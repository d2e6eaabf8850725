/**
 * rhashtable: a hash table whose chains end in an odd number, and a walk over it that remembers its place.
 *
 *     rhashtable.tbl -> bucket_table.buckets[slot] -> rhash_head -> rhash_head -> odd number: the end
 *
 * A chain that is empty may also be NULL. The last node points to its bucket's address plus one. A walk is a
 * `struct rhashtable_iter`: the node it is at (`p`), its bucket (`slot`) and how far it is in there (`skip`).
 *
 * Source: lib/rhashtable.c, include/linux/rhashtable.h, Linux 6.12.
 */
import { EngineBug, must } from '../../shared/assert.ts';
import type { Addr } from '../../shared/brand.ts';
import type { Kernel } from './kernel.ts';
import type { View } from './view.ts';

/** More nodes than any chain has. */
const ENDLESS = 1 << 20;

const isEnd = (node: Addr): boolean => node === 0n || (node & 1n) === 1n;

/** Gives a table, all zero, this many empty buckets. @kernel rhashtable_init, lib/rhashtable.c @fidelity partial: tables do not grow, and the seed of the hash is 0 */
export function rhashInit(kernel: Kernel, ht: View, buckets: number): void {
  const { size } = kernel.types.struct('bucket_table');
  const tbl = kernel.view('bucket_table', kernel.allocBytes(size + buckets * 8));
  tbl.set('size', buckets);
  ht.set('tbl', tbl.addr);
}

const bucketsOf = (ht: View): View => must(ht.deref('tbl'), 'buckets of a hash table');
/** Address of a bucket of a `struct bucket_table`. */
const bucketAt = (tbl: View, bucket: number): Addr => tbl.addr + BigInt(tbl.type.size + bucket * 8);

/** Puts a node at the front of its chain. @kernel rhashtable_insert_one, lib/rhashtable.c @fidelity full: src/engine/kernel/sockets.test.ts */
export function rhashInsert(kernel: Kernel, ht: View, node: Addr, hash: number): void {
  const tbl = bucketsOf(ht);
  const slot = bucketAt(tbl, hash % tbl.num('size'));
  const first = kernel.mem.u64(slot);
  kernel.mem.setU64(node, first === 0n ? slot | 1n : first);
  kernel.mem.setU64(slot, node);
  ht.set('nelems', ht.num('nelems') + 1);
}

/** Takes a node out. @returns whether it was there @kernel __rhashtable_remove_fast_one, include/linux/rhashtable.h @fidelity full: src/engine/kernel/sockets.test.ts */
export function rhashRemove(kernel: Kernel, ht: View, own: Addr): boolean {
  const tbl = bucketsOf(ht);
  const buckets = tbl.num('size');
  for (let i = 0; i < buckets; i++)
    for (let at = bucketAt(tbl, i), node = kernel.mem.u64(at); !isEnd(node);) {
      const next = kernel.mem.u64(node);
      if (node === own) {
        kernel.mem.setU64(at, next);
        ht.set('nelems', ht.num('nelems') - 1);
        return true;
      }
      at = node;
      node = next;
    }
  return false;
}

/** Every node, bucket by bucket. */
export function* rhashNodes(kernel: Kernel, ht: View): Generator<Addr> {
  const tbl = bucketsOf(ht);
  const buckets = tbl.num('size');
  for (let i = 0; i < buckets; i++) {
    let steps = 0;
    for (let node = kernel.mem.u64(bucketAt(tbl, i)); !isEnd(node); node = kernel.mem.u64(node)) {
      if (++steps > ENDLESS) throw new EngineBug('a chain of a hash table does not end');
      yield node;
    }
  }
}

/** Makes `iter` stand before the first node. @kernel rhashtable_walk_enter, lib/rhashtable.c @fidelity partial: not in the table's list of walkers */
export function rhashWalkEnter(iter: View, ht: View): void {
  iter.set('ht', ht.addr);
  iter.set('walker.tbl', ht.ptr('tbl'));
  for (const field of ['p', 'slot', 'skip', 'end_of_table']) iter.set(field, 0);
}

/** @returns the next node, 0n at the end @kernel rhashtable_walk_next, lib/rhashtable.c @fidelity partial: tables do not grow while they are walked */
export function rhashWalkNext(kernel: Kernel, iter: View): Addr {
  const tbl = iter.deref('walker.tbl');
  if (!tbl || iter.num('end_of_table') !== 0) return 0n;
  const buckets = tbl.num('size');
  const at = iter.ptr('p');
  let [slot, skip] = [iter.num('slot'), iter.num('skip')];
  let node = kernel.mem.u64(at !== 0n ? at : bucketAt(tbl, slot));
  while (isEnd(node) && ++slot < buckets) {
    skip = 0;
    node = kernel.mem.u64(bucketAt(tbl, slot));
  }
  const found = isEnd(node) ? 0n : node;
  iter.set('p', found);
  iter.set('slot', slot);
  iter.set('skip', found === 0n ? 0 : skip + 1);
  if (found === 0n) iter.set('end_of_table', 1);
  return found;
}
