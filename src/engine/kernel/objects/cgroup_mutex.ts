/** cgroup_mutex: one at a time may change the tree of cgroups, or walk it. Source: kernel/cgroup/cgroup.c. */
import type { Kernel } from '../kernel.ts';
import type { View } from '../view.ts';
import { wakeWaiters, whenFree } from './lock_queue.ts';

export const cgroupMutex = (kernel: Kernel): View => kernel.object('cgroup_mutex', 'mutex');

/** @kernel cgroup_lock, include/linux/cgroup.h @fidelity full: src/engine/sys/recorded.test.ts */
export const cgroupLock = (kernel: Kernel): void => cgroupMutex(kernel).set('owner', kernel.current);

/** @kernel cgroup_unlock, include/linux/cgroup.h @fidelity full: src/engine/sys/recorded.test.ts */
export function cgroupUnlock(kernel: Kernel): void {
  cgroupMutex(kernel).set('owner', 0n);
  wakeWaiters(kernel, cgroupMutex(kernel).addr);
}

/** Runs `change` under the mutex: at once, or when who has it gives it back. @returns true when it ran at once */
export const withCgroupMutex = (kernel: Kernel, change: () => void): boolean =>
  whenFree(kernel, cgroupMutex(kernel).addr, cgroupMutex(kernel).big('owner') !== 0n, change);
