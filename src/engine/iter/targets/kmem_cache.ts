/**
 * `kmem_cache`: every slab cache, newest first.
 *
 * The list's mutex is held only for a step, so programs may sleep; what keeps the cache at hand alive is a
 * reference. Between reads only a position is kept: a cache that is destroyed before it lets the next be missed.
 *
 * Source: kernel/bpf/kmem_cache_iter.c, Linux 7.0.
 */
import { allSlabCaches, getSlabCache, nextSlabCache, putSlabCache } from '../../kernel/objects/slab_cache.ts';
import type { View } from '../../kernel/view.ts';
import { NULL, runFinalProg, runIterProg } from '../bpf_iter.ts';
import type { IterReg, Obj, SeqOps } from '../bpf_iter.ts';
import { pseudoCode } from '../pseudo_code.ts';
import type { Session } from '../session.ts';

/** Does one step with slab_mutex held. */
function locked<T>(session: Session, step: () => T): T {
  session.held('slab_mutex', NULL, 1);
  const result = step();
  session.held('slab_mutex', NULL, -1);
  return result;
}

/** Makes a cache the one at hand, with a reference. The allocator's own have none to take. */
function take(session: Session, cache: View | null): Obj {
  session.priv.set('kit.pos', cache?.addr ?? NULL);
  if (!cache) return NULL;
  if (getSlabCache(cache)) session.held('slab refcount', cache.addr, 1);
  return cache.addr;
}

function give(session: Session, cache: View): void {
  if (putSlabCache(session.kernel, cache)) session.held('slab refcount', cache.addr, -1);
}

const cacheAt = ({ kernel }: Session, addr: Obj): View => kernel.view('kmem_cache', addr);

/** The cache that so many stand before. */
function atPosition(session: Session): View | null {
  let left = session.seq.index;
  for (const cache of allSlabCaches(session.kernel)) if (left-- === 0) return cache;
  return null;
}

/**
 * @kernel kmem_cache_iter_seq_start, kmem_cache_iter_seq_next, kmem_cache_iter_seq_show, kmem_cache_iter_seq_stop, kernel/bpf/kmem_cache_iter.c
 * @fidelity full: app/walks/targets.test.ts
 */
const ops: SeqOps = {
  start(session) {
    session.line('kmem_cache.start');
    return locked(session, () => take(session, atPosition(session)));
  },
  next(session, cache) {
    session.line('kmem_cache.next');
    session.seq.index++;
    const shown = cacheAt(session, cache);
    const next = locked(session, () => take(session, nextSlabCache(session.kernel, shown)));
    give(session, shown);
    return next;
  },
  show(session, cache) {
    session.line('kmem_cache.show');
    return runIterProg(session, (ctx) => ctx.set('s', cache));
  },
  stop(session, cache) {
    session.line('kmem_cache.stop');
    if (cache === NULL) {
      runFinalProg(session);
      return;
    }
    locked(session, () => give(session, cacheAt(session, cache)));
  },
};

export const kmemCacheTarget: IterReg = {
  target: 'kmem_cache',
  ctxArgs: [{ offset: 8, type: 'trusted_or_null' }],
  resched: true,
  extraHelpers: [],
  showFdinfo: () => 'kmem_cache iter\n',
  seqInfo: () => ({ ops, privStruct: 'kmem_cache_iter_priv' }),
  identify: (session, cache) => ({ owner: NULL, key: cacheAt(session, cache).num('object_size') }),
  code: [
    pseudoCode(
      'iter/kmem_cache',
      'kmem_cache',
      `
  start | start: lock slab_mutex; count to the position, take a reference; unlock
  next  | next: position + 1; lock; the next of the list, take a reference; drop the last one's; unlock
  show  | show: run the program with { meta, s }, without the mutex
  stop  | stop: drop the reference; at the end run the program with s = NULL
`,
    ),
  ],
};
