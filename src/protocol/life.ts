/**
 * Whether a worker still lives. A worker that the browser ends, for want of memory perhaps, says nothing,
 * and one that is busy cannot answer; but a lock that it holds is free again the moment it is gone.
 *
 *     page   -- hold L -->   worker takes L and keeps it
 *     page   <- holding L -- worker
 *     page waits for L: it gets it when the worker is no more
 *
 * Where locks are forbidden (frames without an origin) nothing is noticed until the worker is asked.
 */
const locksOf = (): LockManager | null =>
  typeof navigator === 'undefined' || !('locks' in navigator) ? null : navigator.locks;

let count = 0;

/** A name that no other worker of any page of this origin has; '' where there are no locks. */
export const newLock = (): string =>
  locksOf() === null || typeof crypto.randomUUID !== 'function'
    ? ''
    : `iterscope.worker.${++count}.${crypto.randomUUID()}`;

/** Takes a lock for good. @param held called once it is taken */
export function hold(lock: string, held: () => void): void {
  locksOf()
    ?.request(lock, () => {
      held();
      return new Promise<never>(() => {});
    })
    .catch(() => {
      // Forbidden here: the page is not told that it is held, and does not wait.
    });
}

/** Calls back when the one who holds a lock is gone. */
export function whenFree(lock: string, gone: () => void): void {
  locksOf()
    ?.request(lock, gone)
    .catch(() => {
      // Forbidden here, though the worker was allowed to: its end stays unnoticed.
    });
}
