/**
 * Kfuncs about kernel objects and regions: tasks, read-side sections, casts, counters.
 *
 * Source: kernel/bpf/helpers.c, kernel/bpf/map_iter.c, Linux 6.12.
 */
import type { Addr } from '../../../shared/brand.ts';
import {
  cgroupAncestor,
  cgroupById,
  isDescendant,
  putCgroup,
  taskCgroup,
  tryGetCgroup,
} from '../../kernel/objects/cgroup.ts';
import { findTaskByPidNs, taskActivePidNs } from '../../kernel/objects/pid.ts';
import { taskAt } from '../../kernel/objects/task.ts';
import type { View } from '../../kernel/view.ts';
import { BpfThrow } from '../../vm/helper.ts';
import type { ArgNumber, Call, Helper } from '../../vm/helper.ts';
import { mapsByAddr } from '../map.ts';
import { acquireTask, releaseTask } from '../kernel_refs.ts';
import { Htab } from '../maps/htab.ts';

export const objectKfuncs = (): readonly (readonly [string, Helper])[] => [
  ['bpf_task_acquire', (c) => acquireTask(taskAt(c.kernel, c.arg(1)))],
  ['bpf_task_release', taskRelease],
  ['bpf_task_from_pid', taskFromPid],
  ['bpf_task_from_vpid', taskFromVpid],
  ['bpf_cgroup_acquire', (c) => acquireCgroup(c, cgroupArg(c, 1))],
  ['bpf_cgroup_release', cgroupRelease],
  ['bpf_cgroup_ancestor', (c) => acquireCgroup(c, cgroupAncestor(c.kernel, cgroupArg(c, 1), c.s32(2)))],
  ['bpf_cgroup_from_id', (c) => acquireCgroup(c, cgroupById(c.kernel, c.arg(1)))],
  ['bpf_task_under_cgroup', taskUnderCgroup],
  // The hierarchies of version 1 do not exist.
  ['bpf_task_get_cgroup1', () => 0n],
  // Statistics are never pending: they change with the world, at once.
  ['cgroup_rstat_updated', () => 0],
  ['cgroup_rstat_flush', () => 0],
  ['css_rstat_updated', () => 0],
  ['css_rstat_flush', () => 0],
  ['bpf_rcu_read_lock', () => 0],
  ['bpf_rcu_read_unlock', () => 0],
  ['bpf_preempt_disable', () => 0],
  ['bpf_preempt_enable', () => 0],
  ['bpf_rdonly_cast', (c) => c.arg(1)],
  // The verifier has put the kernel's own context there.
  ['bpf_cast_to_kern_ctx', (c) => c.arg(1)],
  // No address belongs to a slab: caches have none here.
  ['bpf_get_kmem_cache', () => 0n],
  ['bpf_map_sum_elem_count', sumElemCount],
  ['bpf_throw', bpfThrow],
];

function taskRelease(call: Call): number {
  releaseTask(call.kernel, call.arg(1));
  return 0;
}

/** By number in the initial namespace, thread ids included. @kernel bpf_task_from_pid, kernel/bpf/helpers.c @fidelity full: task_helpers.test.ts */
function taskFromPid(call: Call): Addr {
  const initial = call.kernel.object('init_pid_ns', 'pid_namespace');
  return acquireTask(findTaskByPidNs(call.kernel, call.s32(1), initial));
}

/** By number in the current task's namespace. @kernel bpf_task_from_vpid, kernel/bpf/helpers.c @fidelity full: task_helpers.test.ts */
function taskFromVpid(call: Call): Addr {
  const ns = taskActivePidNs(call.kernel, taskAt(call.kernel, call.current));
  return ns ? acquireTask(findTaskByPidNs(call.kernel, call.s32(1), ns)) : 0n;
}

const cgroupArg = (call: Call, n: ArgNumber): View => call.kernel.view('cgroup', call.arg(n));

/** @returns the cgroup with a reference, or NULL when there is none to take @kernel bpf_cgroup_acquire, bpf_cgroup_ancestor, bpf_cgroup_from_id, kernel/bpf/helpers.c @fidelity full: task_helpers.test.ts */
function acquireCgroup(call: Call, cgroup: View | null): Addr {
  return cgroup && tryGetCgroup(call.kernel, cgroup) ? cgroup.addr : 0n;
}

/** @kernel bpf_cgroup_release, kernel/bpf/helpers.c @fidelity full: src/engine/bpf/recorded.test.ts */
function cgroupRelease(call: Call): number {
  putCgroup(call.kernel, cgroupArg(call, 1));
  return 0;
}

/** @kernel bpf_task_under_cgroup, kernel/bpf/helpers.c @fidelity full: task_helpers.test.ts */
function taskUnderCgroup(call: Call): number {
  const cgroup = taskCgroup(taskAt(call.kernel, call.arg(1)));
  return cgroup && isDescendant(call.kernel, cgroup, cgroupArg(call, 2)) ? 1 : 0;
}

/** @kernel bpf_map_sum_elem_count, kernel/bpf/map_iter.c @fidelity full: app/helper_calls.test.ts */
function sumElemCount(call: Call): bigint {
  const map = mapsByAddr.at(call.kernel, call.arg(1));
  return map instanceof Htab ? map.sumElemCount : 0n;
}

/** @kernel bpf_throw, kernel/bpf/helpers.c @fidelity partial: no exception callback is run */
function bpfThrow(call: Call): never {
  throw new BpfThrow(call.arg(1));
}
