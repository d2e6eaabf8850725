/**
 * mmap_lock: many readers of an address space, or one writer. Readers are in the semaphore's count, the last of
 * them in its owner; a writer leaves none behind.
 *
 * Source: include/linux/mmap_lock.h, kernel/locking/rwsem.c.
 */
import type { Kernel } from '../kernel.ts';
import type { View } from '../view.ts';
import { isContended, wakeWaiters, whenFree } from './lock_queue.ts';
import { getRef, putRef } from './refs.ts';

/** One reader in the count of a rw_semaphore. */
const RWSEM_READER_BIAS = 256;
const COUNT = 'mmap_lock.count';
const OWNER = 'mmap_lock.owner';
/** In the owner: it only reads. Nobody takes it out again, so the last reader stays known. */
const RWSEM_READER_OWNED = 1n;

/** @kernel mmap_read_lock, rwsem_set_reader_owned, kernel/locking/rwsem.c @fidelity full: task_targets.test.ts */
export function mmapReadLock(kernel: Kernel, mm: View): View {
  mm.trySet(OWNER, kernel.current | RWSEM_READER_OWNED);
  return getRef(mm, COUNT, RWSEM_READER_BIAS);
}

/** @kernel mmap_read_unlock, include/linux/mmap_lock.h @fidelity full: task_targets.test.ts */
export function mmapReadUnlock(kernel: Kernel, mm: View): void {
  if (putRef(mm, COUNT, RWSEM_READER_BIAS)) wakeWaiters(kernel, mm.addr);
}

/** True while a writer waits. @kernel mmap_lock_is_contended, include/linux/mmap_lock.h @fidelity full: task_targets.test.ts */
export const mmapLockIsContended = (kernel: Kernel, mm: View): boolean => isContended(kernel, mm.addr);

/**
 * Runs `write` while nobody reads: at once, or when the last reader has let go.
 *
 * @returns true when it ran at once
 * @kernel mmap_write_lock, include/linux/mmap_lock.h
 * @fidelity partial: the list of waiters is not in memory; none is ever killed
 */
export const withMmapWriteLock = (kernel: Kernel, mm: View, write: () => void): boolean =>
  whenFree(kernel, mm.addr, mm.num(COUNT) !== 0, () => {
    write();
    mm.trySet(OWNER, 0n);
  });
