/**
 * Open-coded iterators over slab caches and DMA buffers: one step of the list at a time, with a reference on the
 * object at hand until the next step or destroy.
 *
 * Source: kernel/bpf/kmem_cache_iter.c, kernel/bpf/dmabuf_iter.c, Linux 7.0.
 */
import type { Addr } from '../../../shared/brand.ts';
import { nextDmaBuf, putDmaBuf } from '../../kernel/objects/dma_buf.ts';
import { getSlabCache, nextSlabCache, putSlabCache } from '../../kernel/objects/slab_cache.ts';
import type { View } from '../../kernel/view.ts';
import type { Call, Helper } from '../../vm/helper.ts';

export const listKfuncs = (): readonly (readonly [string, Helper])[] => [
  ['bpf_iter_kmem_cache_new', cacheNew],
  ['bpf_iter_kmem_cache_next', cacheNext],
  ['bpf_iter_kmem_cache_destroy', cacheDestroy],
  ['bpf_iter_dmabuf_new', bufNew],
  ['bpf_iter_dmabuf_next', bufNext],
  ['bpf_iter_dmabuf_destroy', bufDestroy],
];

// -- slab caches ---------------------------------------------------------------------------------------------

/** KMEM_CACHE_POS_START: before the first. NULL is behind the last. */
const BEFORE_FIRST = 1n;
const cacheState = (call: Call): View => call.kernel.view('bpf_iter_kmem_cache_kern', call.arg(1));

/** The cache at hand, or null before the first and behind the last. */
function cacheAtHand({ kernel }: Call, state: View): View | null {
  const pos = state.ptr('pos');
  return pos === 0n || pos === BEFORE_FIRST ? null : kernel.view('kmem_cache', pos);
}

/** @kernel bpf_iter_kmem_cache_new, kernel/bpf/kmem_cache_iter.c @fidelity full: app/walks/open_coded.test.ts */
function cacheNew(call: Call): number {
  cacheState(call).set('pos', BEFORE_FIRST);
  return 0;
}

/** @kernel bpf_iter_kmem_cache_next, kernel/bpf/kmem_cache_iter.c @fidelity full: app/walks/open_coded.test.ts */
function cacheNext(call: Call): Addr {
  const { kernel } = call;
  const state = cacheState(call);
  if (state.ptr('pos') === 0n) return 0n;
  const shown = cacheAtHand(call, state);
  const next = nextSlabCache(kernel, shown);
  if (next) getSlabCache(next);
  if (shown) putSlabCache(kernel, shown);
  state.set('pos', next?.addr ?? 0n);
  return next?.addr ?? 0n;
}

/** @kernel bpf_iter_kmem_cache_destroy, kernel/bpf/kmem_cache_iter.c @fidelity full: app/walks/open_coded.test.ts */
function cacheDestroy(call: Call): number {
  const shown = cacheAtHand(call, cacheState(call));
  if (shown) putSlabCache(call.kernel, shown);
  return 0;
}

// -- DMA buffers ---------------------------------------------------------------------------------------------

const bufState = (call: Call): View => call.kernel.view('bpf_iter_dmabuf_kern', call.arg(1));

/** @kernel bpf_iter_dmabuf_new, kernel/bpf/dmabuf_iter.c @fidelity full: app/walks/open_coded.test.ts */
function bufNew(call: Call): number {
  bufState(call).set('dmabuf', 0n);
  return 0;
}

/** Behind the last it begins anew, as in the kernel. @kernel bpf_iter_dmabuf_next, kernel/bpf/dmabuf_iter.c @fidelity full: app/walks/open_coded.test.ts */
function bufNext(call: Call): Addr {
  const { kernel } = call;
  const state = bufState(call);
  const shown = state.deref('dmabuf');
  const next = nextDmaBuf(kernel, shown);
  if (shown) putDmaBuf(kernel, shown);
  state.set('dmabuf', next?.addr ?? 0n);
  return next?.addr ?? 0n;
}

/** @kernel bpf_iter_dmabuf_destroy, kernel/bpf/dmabuf_iter.c @fidelity full: app/walks/open_coded.test.ts */
function bufDestroy(call: Call): number {
  const shown = bufState(call).deref('dmabuf');
  if (shown) putDmaBuf(call.kernel, shown);
  return 0;
}
