/**
 * Who waits for a lock that a walk holds. The lock itself is in memory; who waits is code of ours, run in
 * order of arrival as soon as the lock is free.
 *
 *     walk: lock ─ show ─ show ─ unlock ──> waiters run
 *     change:        whenFree ─ ─ ─ ─ ─ ─ ─ ─┘
 */
import type { Addr } from '../../../shared/brand.ts';
import type { Kernel } from '../kernel.ts';

const queues = new WeakMap<Kernel, Map<Addr, (() => void)[]>>();

const queueOf = (kernel: Kernel): Map<Addr, (() => void)[]> => {
  const known = queues.get(kernel);
  if (known) return known;
  const made = new Map<Addr, (() => void)[]>();
  queues.set(kernel, made);
  return made;
};

/** Runs `action` at once when the lock is free, else when it becomes so. @returns true when it ran at once */
export function whenFree(kernel: Kernel, lock: Addr, taken: boolean, action: () => void): boolean {
  if (!taken) {
    action();
    return true;
  }
  const queue = queueOf(kernel);
  queue.set(lock, [...(queue.get(lock) ?? []), action]);
  return false;
}

export const isContended = (kernel: Kernel, lock: Addr): boolean => queueOf(kernel).has(lock);

/** The lock has become free: those who waited go on. */
export function wakeWaiters(kernel: Kernel, lock: Addr): void {
  const queue = queueOf(kernel);
  const waiting = queue.get(lock) ?? [];
  queue.delete(lock);
  for (const action of waiting) action();
}
