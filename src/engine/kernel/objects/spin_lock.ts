/**
 * Spin locks: one word, 0 while nobody holds it. With one processor that runs one thing at a time, a program
 * finds every lock free that it could ask for.
 *
 * Source: include/linux/spinlock.h, include/asm-generic/qspinlock_types.h.
 */
import type { View } from '../view.ts';

/** @kernel spin_lock_init, include/linux/spinlock.h @fidelity partial: without the debugging members of some configurations */
export function spinLockInit(view: View, path: string): void {
  if (view.has(path)) view.mem.setU32(view.at(path), 0);
}
