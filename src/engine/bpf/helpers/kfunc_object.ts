/**
 * Kfuncs about kernel objects and regions: tasks, read-side sections, casts, counters.
 *
 * Source: kernel/bpf/helpers.c, kernel/bpf/map_iter.c, Linux 6.12.
 */
import type { Addr } from '../../../shared/brand.ts';
import { findTaskByPidNs, taskActivePidNs } from '../../kernel/objects/pid.ts';
import { getRef, putRef } from '../../kernel/objects/refs.ts';
import { taskAt } from '../../kernel/objects/task.ts';
import type { View } from '../../kernel/view.ts';
import { BpfThrow } from '../../vm/helper.ts';
import type { Call, Helper } from '../../vm/helper.ts';
import { mapsByAddr } from '../map.ts';
import { Htab } from '../maps/htab.ts';

export const objectKfuncs = (): readonly (readonly [string, Helper])[] => [
  ['bpf_task_acquire', (c) => acquire(taskAt(c.kernel, c.arg(1)))],
  ['bpf_task_release', taskRelease],
  ['bpf_task_from_pid', taskFromPid],
  ['bpf_task_from_vpid', taskFromVpid],
  ['bpf_rcu_read_lock', () => 0],
  ['bpf_rcu_read_unlock', () => 0],
  ['bpf_preempt_disable', () => 0],
  ['bpf_preempt_enable', () => 0],
  ['bpf_rdonly_cast', (c) => c.arg(1)],
  ['bpf_map_sum_elem_count', sumElemCount],
  ['bpf_throw', bpfThrow],
];

/** What bpf_task_acquire counts: the references of those who need the task past its grace period. */
const USERS = 'rcu_users';

/**
 * @returns the task with a reference, or NULL once the last one is gone
 * @kernel bpf_task_acquire, kernel/bpf/helpers.c
 * @fidelity full
 */
function acquire(task: View | null): Addr {
  if (!task) return 0n;
  const counter = task.has(USERS) ? USERS : 'usage';
  return task.num(counter) === 0 ? 0n : getRef(task, counter).addr;
}

/** @kernel bpf_task_release, kernel/bpf/helpers.c @fidelity full */
function taskRelease(call: Call): number {
  const task = taskAt(call.kernel, call.arg(1));
  putRef(task, task.has(USERS) ? USERS : 'usage');
  return 0;
}

/** By number in the initial namespace, thread ids included. @kernel bpf_task_from_pid, kernel/bpf/helpers.c @fidelity full */
function taskFromPid(call: Call): Addr {
  const initial = call.kernel.object('init_pid_ns', 'pid_namespace');
  return acquire(findTaskByPidNs(call.kernel, call.s32(1), initial));
}

/** By number in the current task's namespace. @kernel bpf_task_from_vpid, kernel/bpf/helpers.c @fidelity full */
function taskFromVpid(call: Call): Addr {
  const ns = taskActivePidNs(call.kernel, taskAt(call.kernel, call.current));
  return ns ? acquire(findTaskByPidNs(call.kernel, call.s32(1), ns)) : 0n;
}

/** @kernel bpf_map_sum_elem_count, kernel/bpf/map_iter.c @fidelity full */
function sumElemCount(call: Call): bigint {
  const map = mapsByAddr.at(call.kernel, call.arg(1));
  return map instanceof Htab ? map.sumElemCount : 0n;
}

/** @kernel bpf_throw, kernel/bpf/helpers.c @fidelity partial: no exception callback is run */
function bpfThrow(call: Call): never {
  throw new BpfThrow(call.arg(1));
}
