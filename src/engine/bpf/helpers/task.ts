/**
 * Helpers about tasks: the current one, and stacks and registers of others.
 *
 * Source: kernel/bpf/helpers.c, kernel/trace/bpf_trace.c, kernel/bpf/stackmap.c, Linux 6.12.
 */
import { fail } from '../../../shared/errno.ts';
import { latin1Encode } from '../../../shared/utf8.ts';
import { cgroupAncestor, cgroupId, taskCgroup } from '../../kernel/objects/cgroup.ts';
import { taskAt } from '../../kernel/objects/task.ts';
import type { View } from '../../kernel/view.ts';
import type { Call, Helper } from '../../vm/helper.ts';

export const taskHelpers = (): readonly (readonly [number, Helper])[] => [
  [14, currentPidTgid],
  [15, currentUidGid],
  [16, currentComm],
  [35, (c) => c.current],
  [80, currentCgroupId],
  [120, nsCurrentPidTgid],
  [123, currentAncestorCgroupId],
  [158, (c) => c.current],
];

const current = (call: Call): View => taskAt(call.kernel, call.current);
const pair = (high: bigint, low: bigint): bigint =>
  (BigInt.asUintN(32, high) << 32n) | BigInt.asUintN(32, low);

/**
 * Numbers of the initial namespace.
 *
 * @kernel bpf_get_current_pid_tgid, kernel/bpf/helpers.c
 * @fidelity full: task_helpers.test.ts
 */
function currentPidTgid(call: Call): bigint {
  const task = current(call);
  return pair(task.big('tgid'), task.big('pid'));
}

/** @kernel bpf_get_current_uid_gid, kernel/bpf/helpers.c @fidelity full: src/engine/bpf/recorded.test.ts */
function currentUidGid(call: Call): bigint {
  const cred = current(call).deref('cred');
  return cred ? pair(cred.big('gid.val'), cred.big('uid.val')) : 0n;
}

/** @kernel bpf_get_current_comm, kernel/bpf/helpers.c @fidelity full: task_helpers.test.ts */
function currentComm(call: Call): number {
  const size = call.u32(2);
  const out = new Uint8Array(size);
  out.set(
    latin1Encode(
      current(call)
        .str('comm')
        .slice(0, size - 1),
    ),
  );
  call.mem.setBytes(call.arg(1), out);
  return 0;
}

/**
 * The cgroup of the unified hierarchy; its kernfs id.
 *
 * @kernel bpf_get_current_cgroup_id, kernel/bpf/helpers.c
 * @fidelity full: src/engine/bpf/recorded.test.ts
 */
function currentCgroupId(call: Call): bigint {
  const cgroup = taskCgroup(current(call));
  return cgroup ? cgroupId(cgroup) : 0n;
}

/** @kernel bpf_get_current_ancestor_cgroup_id, kernel/bpf/helpers.c @fidelity full: task_helpers.test.ts */
function currentAncestorCgroupId(call: Call): bigint {
  const cgroup = taskCgroup(current(call));
  const ancestor = cgroup && cgroupAncestor(call.kernel, cgroup, call.s32(1));
  return ancestor ? cgroupId(ancestor) : 0n;
}

/** struct bpf_pidns_info: pid, tgid. */
const PIDNS_INFO = 8;

/**
 * @returns 0; -EINVAL, with zeros, when the task's pid namespace is not the one named by device and inode
 * @kernel bpf_get_ns_current_pid_tgid, kernel/bpf/helpers.c
 * @fidelity partial: the device of nsfs is not compared
 */
function nsCurrentPidTgid(call: Call): number {
  const out = call.arg(3);
  const size = call.u32(4);
  const pid = current(call).deref('thread_pid');
  const level = pid ? pid.num('level') : 0;
  const ns = pid ? pid.ptr(`numbers[${level}].ns`) : 0n;
  const inum = ns === 0n ? -1n : call.kernel.view('pid_namespace', ns).big('ns.inum');
  if (size !== PIDNS_INFO || !pid || inum !== call.arg(2)) {
    call.mem.fill(out, size, 0);
    return fail('EINVAL');
  }
  const leader = current(call).deref('signal')?.deref('pids[1]');
  call.mem.setU32(out, pid.num(`numbers[${level}].nr`));
  call.mem.setU32(out + 4n, leader ? leader.num(`numbers[${level}].nr`) : 0);
  return 0;
}
