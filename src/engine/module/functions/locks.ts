/**
 * Locks. One CPU runs, so nobody else ever holds one: taking a lock that is held means to wait for oneself.
 *
 * Source: kernel/locking, include/linux/rcupdate.h.
 */
import { functions } from '../call.ts';
import type { KernelCall, KernelFunction } from '../call.ts';
import type { HoldKind } from '../ledger.ts';

/** Takes a lock that one task holds at a time. */
const lock =
  (kind: HoldKind, sleeps: boolean): KernelFunction['run'] =>
  (call) => {
    if (sleeps) call.maySleep();
    call.bytes(call.arg(1), 4);
    call.module.needFree(kind, call.arg(1));
    call.take(kind, call.arg(1), '');
  };
const unlock =
  (kind: HoldKind): KernelFunction['run'] =>
  (call) => {
    call.bytes(call.arg(1), 4);
    call.give(kind, call.arg(1));
  };
function tryLock(call: KernelCall, kind: HoldKind): number {
  if (call.module.ledger.holder(kind, call.arg(1))) return 0;
  call.take(kind, call.arg(1), '');
  return 1;
}

export const LOCK_FUNCTIONS = functions({
  'void rcu_read_lock(void)': (call) => call.take('rcu', 0n, ''),
  'void rcu_read_unlock(void)': (call) => void call.give('rcu', 0n),
  'void mutex_init(struct mutex *lock)': (call) => void call.struct('mutex', 1),
  'void mutex_lock(struct mutex *lock)': lock('mutex', true),
  'int mutex_trylock(struct mutex *lock)': (call) => tryLock(call, 'mutex'),
  'void mutex_unlock(struct mutex *lock)': unlock('mutex'),
  'void down_read(struct rw_semaphore *lock)': lock('rwsem', true),
  'void up_read(struct rw_semaphore *lock)': unlock('rwsem'),
  'void spin_lock_init(spinlock_t *lock)': (call) => void call.bytes(call.arg(1), 4),
  'void spin_lock(spinlock_t *lock)': lock('spinlock', false),
  'int spin_trylock(spinlock_t *lock)': (call) => tryLock(call, 'spinlock'),
  'void spin_unlock(spinlock_t *lock)': unlock('spinlock'),
  'void might_sleep(void)': (call) => call.maySleep(),
  'int cond_resched(void)': (call) => {
    call.maySleep();
    return 0;
  },
});
