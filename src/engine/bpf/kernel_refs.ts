/**
 * References on kernel objects that programs take, keep in `__kptr` fields of values, and give back.
 *
 * A value that goes away gives back what its fields still hold.
 *
 * Source: kernel/bpf/helpers.c, kernel/bpf/cpumask.c (the kfuncs and their *_dtor forms), Linux 6.12.
 */
import type { Addr } from '../../shared/brand.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { putCgroup } from '../kernel/objects/cgroup.ts';
import { getRef, putRef } from '../kernel/objects/refs.ts';
import { taskAt } from '../kernel/objects/task.ts';
import type { View } from '../kernel/view.ts';

/** What bpf_task_acquire counts: the references of those who need the task past its grace period. */
const USERS = 'rcu_users';
const taskCounter = (task: View): string => (task.has(USERS) ? USERS : 'usage');

/**
 * @returns the task with a reference, or NULL once the last one is gone
 * @kernel bpf_task_acquire, kernel/bpf/helpers.c
 * @fidelity full: app/async.test.ts
 */
export function acquireTask(task: View | null): Addr {
  if (!task) return 0n;
  const counter = taskCounter(task);
  return task.num(counter) === 0 ? 0n : getRef(task, counter).addr;
}
/** @kernel bpf_task_release, kernel/bpf/helpers.c @fidelity full: app/async.test.ts */
export function releaseTask(kernel: Kernel, addr: Addr): void {
  const task = taskAt(kernel, addr);
  putRef(task, taskCounter(task));
}

/** A mask with one more reference. @kernel bpf_cpumask_acquire, kernel/bpf/cpumask.c @fidelity full: app/async.test.ts */
export const acquireCpumask = (kernel: Kernel, addr: Addr): Addr =>
  getRef(kernel.view('bpf_cpumask', addr), 'usage').addr;
/** @kernel bpf_cpumask_release, kernel/bpf/cpumask.c @fidelity full: app/async.test.ts */
export function releaseCpumask(kernel: Kernel, addr: Addr): void {
  if (putRef(kernel.view('bpf_cpumask', addr), 'usage')) kernel.mem.release(addr);
}

/** How a reference of a kptr is given back, by the struct it points to. */
const RELEASES: Readonly<Record<string, (kernel: Kernel, addr: Addr) => void>> = {
  task_struct: releaseTask,
  cgroup: (kernel, addr) => putCgroup(kernel, kernel.view('cgroup', addr)),
  bpf_cpumask: releaseCpumask,
};

/** @returns false for a struct that is none of the kernel's @kernel bpf_obj_free_fields, kernel/bpf/syscall.c @fidelity full: app/async.test.ts */
export function releaseKernelObject(kernel: Kernel, struct: string, addr: Addr): boolean {
  const release = RELEASES[struct];
  release?.(kernel, addr);
  return release !== undefined;
}
