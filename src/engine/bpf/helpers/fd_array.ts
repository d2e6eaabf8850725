/**
 * Helpers on arrays of kernel objects: perf events to write to, cgroups to compare with.
 *
 * Source: kernel/trace/bpf_trace.c, Linux 6.12.
 */
import { EngineBug } from '../../../shared/assert.ts';
import { fail } from '../../../shared/errno.ts';
import type { NegErrno } from '../../../shared/errno.ts';
import { isDescendant, taskCgroup } from '../../kernel/objects/cgroup.ts';
import { taskAt } from '../../kernel/objects/task.ts';
import type { Call, Helper } from '../../vm/helper.ts';
import { mapsByAddr } from '../map.ts';
import { CgroupArrayMap } from '../maps/fd_array.ts';
import { PerfEventArrayMap } from '../maps/perf_event_array.ts';

const INDEX_MASK = 0xffff_ffffn;
const CURRENT_CPU = 0xffff_ffff;

export const fdArrayHelpers = (): readonly (readonly [number, Helper])[] => [
  [25, perfEventOutput],
  [37, currentTaskUnderCgroup],
];

/**
 * @returns 0, -EINVAL for flags, or what the array says
 * @kernel bpf_perf_event_output_raw_tp, kernel/trace/bpf_trace.c
 * @fidelity full: trace_maps.test.ts
 */
function perfEventOutput(call: Call): NegErrno {
  const map = mapsByAddr.at(call.kernel, call.arg(2));
  if (!(map instanceof PerfEventArrayMap)) throw new EngineBug(`map ${map.spec.name} has no perf events`);
  const flags = call.arg(3);
  if ((flags & ~INDEX_MASK) !== 0n) return fail('EINVAL');
  const index = call.u32(3) === CURRENT_CPU ? call.cpu : call.u32(3);
  return map.output(index, call.cpu, call.mem.bytes(call.arg(4), Number(call.arg(5))));
}

/**
 * @returns 1 or 0, -E2BIG for an index out of range, -EAGAIN for an empty slot
 * @kernel bpf_current_task_under_cgroup, kernel/trace/bpf_trace.c
 * @fidelity full: trace_maps.test.ts
 */
function currentTaskUnderCgroup(call: Call): number {
  const map = mapsByAddr.at(call.kernel, call.arg(1));
  if (!(map instanceof CgroupArrayMap)) throw new EngineBug(`map ${map.spec.name} has no cgroups`);
  const index = call.u32(2);
  if (index >= map.spec.maxEntries) return fail('E2BIG');
  const at = map.pointer(index);
  if (at === 0n) return fail('EAGAIN');
  const cgroup = taskCgroup(taskAt(call.kernel, call.current));
  return cgroup && isDescendant(call.kernel, cgroup, call.kernel.view('cgroup', at)) ? 1 : 0;
}
