/**
 * Slab caches: where the kernel gets its objects of one size from.
 *
 *     slab_caches <-> kmem_cache.list <-> kmem_cache.list <-> ...       newest first
 *
 * A cache lives while somebody has a reference. The two that the allocator makes for itself have a negative
 * count, which nobody changes.
 *
 * Source: mm/slab_common.c, mm/slub.c, Linux 6.12 and 7.0.
 */
import type { Addr } from '../../../shared/brand.ts';
import { alignUp } from '../../../shared/int64.ts';
import { PAGE_SIZE } from '../address.ts';
import type { Kernel } from '../kernel.ts';
import { containerOf, listAddHead, listDel, listInit, listNodes } from '../list.ts';
import type { View } from '../view.ts';

export interface SlabCacheSpec {
  readonly name: string;
  /** Bytes of one object as its users know it. */
  readonly objectSize: number;
  /** Bytes that one object takes. */
  readonly size?: number | undefined;
  readonly align?: number | undefined;
  /** SLAB_* */
  readonly flags?: number | undefined;
  readonly objectsPerSlab?: number | undefined;
  readonly pagesPerSlab?: number | undefined;
  readonly refcount?: number | undefined;
}

const WORD = 8;
/** Bits of `oo` that count objects; above them stands the order of the slab's pages. */
const OO_SHIFT = 16;
/** Slabs hold at least this many objects, as far as eight pages do. */
const FEW_OBJECTS = 8;
const MOST_PAGES = 8;

function slabPages(size: number): number {
  let pages = 1;
  while (pages < MOST_PAGES && (pages * PAGE_SIZE) / size < FEW_OBJECTS) pages *= 2;
  return pages;
}

/** The list of all caches; empty until the first is made. */
function slabCaches(kernel: Kernel): Addr {
  const fresh = !kernel.hasObject('slab_caches');
  const head = kernel.object('slab_caches', 'list_head').addr;
  if (fresh) listInit(kernel.mem, head);
  return head;
}

/** A cache at the head of the list. @kernel __kmem_cache_create_args, mm/slab_common.c @fidelity partial: no slabs behind it; sizes follow from the object's where a world says nothing */
export function newSlabCache(kernel: Kernel, spec: SlabCacheSpec): View {
  const cache = kernel.alloc('kmem_cache');
  const align = spec.align ?? WORD;
  const size = spec.size ?? alignUp(spec.objectSize, align);
  const pages = spec.pagesPerSlab ?? slabPages(size);
  const objects = spec.objectsPerSlab ?? Math.floor((pages * PAGE_SIZE) / size);
  cache.set('name', kernel.allocText(spec.name));
  cache.set('object_size', spec.objectSize);
  cache.set('size', size);
  cache.trySet('align', align);
  cache.trySet('inuse', alignUp(spec.objectSize, WORD));
  cache.trySet('oo', (Math.log2(pages) << OO_SHIFT) | objects);
  cache.set('flags', spec.flags ?? 0);
  cache.set('refcount', spec.refcount ?? 1);
  listAddHead(kernel.mem, cache.at('list'), slabCaches(kernel));
  return cache;
}

/** Every cache, newest first. */
export function* allSlabCaches(kernel: Kernel): Generator<View> {
  for (const node of listNodes(kernel.mem, slabCaches(kernel)))
    yield containerOf(kernel, node, 'kmem_cache', 'list');
}

/** The cache behind this one in the list, or null; without one, the first. */
export function nextSlabCache(kernel: Kernel, after: View | null): View | null {
  const head = slabCaches(kernel);
  const node = kernel.mem.u64(after ? after.at('list') : head);
  return node === head ? null : containerOf(kernel, node, 'kmem_cache', 'list');
}

/** @returns true when a reference was taken: not of the allocator's own caches */
export function getSlabCache(cache: View): boolean {
  const count = cache.num('refcount');
  if (count > 0) cache.set('refcount', count + 1);
  return count > 0;
}

/**
 * Drops a reference; the last one destroys the cache.
 *
 * @returns true when there was one to drop
 * @kernel kmem_cache_destroy, mm/slab_common.c
 * @fidelity partial: at once, without looking for objects that are still in use
 */
export function putSlabCache(kernel: Kernel, cache: View): boolean {
  const count = cache.num('refcount');
  if (count <= 0) return false;
  cache.set('refcount', count - 1);
  if (count > 1) return true;
  listDel(kernel.mem, cache.at('list'));
  kernel.mem.release(cache.ptr('name'));
  kernel.mem.release(cache.addr);
  return true;
}
