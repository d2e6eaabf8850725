/** Cgroups of the unified hierarchy. Source: kernel/cgroup/cgroup.c, include/linux/cgroup.h, Linux 6.12. */
import {
  cgroupAncestor,
  cgroupById,
  cgroupId,
  cgroupName,
  cgroupParent,
  firstChild,
  isDescendant,
  nextSibling,
  putCgroup,
  taskCgroup,
  tryGetCgroup,
} from '../../kernel/objects/cgroup.ts';
import type { View } from '../../kernel/view.ts';
import { functions } from '../call.ts';
import type { KernelCall } from '../call.ts';

const addrOf = (view: View | null): bigint => view?.addr ?? 0n;

/** Takes a reference, where one can still be had. */
function taken(call: KernelCall, cgroup: View | null): bigint {
  if (!cgroup || !tryGetCgroup(call.kernel, cgroup)) return 0n;
  call.take('cgroup', cgroup.addr, cgroupName(call.kernel, cgroup));
  return cgroup.addr;
}

export const CGROUP_FUNCTIONS = functions({
  'struct cgroup *task_dfl_cgroup(struct task_struct *task)': (call) =>
    addrOf(taskCgroup(call.struct('task_struct', 1))),
  'struct cgroup *cgroup_get_from_id(unsigned long long id)': (call) =>
    taken(call, cgroupById(call.kernel, call.arg(1))),
  'void cgroup_get(struct cgroup *cgrp)': (call) => void taken(call, call.struct('cgroup', 1)),
  '_Bool cgroup_tryget(struct cgroup *cgrp)': (call) =>
    taken(call, call.struct('cgroup', 1)) === 0n ? 0 : 1,
  'void cgroup_put(struct cgroup *cgrp)': (call) => {
    const cgroup = call.struct('cgroup', 1);
    if (call.give('cgroup', cgroup.addr)) putCgroup(call.kernel, cgroup);
  },
  'struct cgroup *cgroup_parent(struct cgroup *cgrp)': (call) =>
    addrOf(cgroupParent(call.kernel, call.struct('cgroup', 1))),
  'struct cgroup *cgroup_ancestor(struct cgroup *cgrp, int level)': (call) =>
    addrOf(cgroupAncestor(call.kernel, call.struct('cgroup', 1), call.int(2))),
  '_Bool cgroup_is_descendant(struct cgroup *cgrp, struct cgroup *ancestor)': (call) =>
    isDescendant(call.kernel, call.struct('cgroup', 1), call.struct('cgroup', 2)) ? 1 : 0,
  'u64 cgroup_id(const struct cgroup *cgrp)': (call) => cgroupId(call.struct('cgroup', 1)),
  'struct cgroup_subsys_state *css_next_child(struct cgroup_subsys_state *pos, struct cgroup_subsys_state *parent)':
    (call) => {
      // The css of a cgroup itself stands at its beginning.
      const pos = call.structOrNull('cgroup', 1);
      return addrOf(pos ? nextSibling(call.kernel, pos) : firstChild(call.kernel, call.struct('cgroup', 2)));
    },
});
