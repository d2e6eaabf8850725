/**
 * Open-coded iterators over cgroups and over the tasks in them.
 *
 * A css walks as its cgroup does. The walk of a controller's css passes over cgroups that have none of it.
 *
 * Source: kernel/bpf/cgroup_iter.c, kernel/bpf/task_iter.c, Linux 6.12.
 */
import { CgroupIterOrder } from '../../abi/uapi.ts';
import type { Addr } from '../../../shared/brand.ts';
import { fail } from '../../../shared/errno.ts';
import type { NegErrno } from '../../../shared/errno.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import { afterPost, afterPre, cgroupParent, leftmost } from '../../kernel/objects/cgroup.ts';
import { memberTasks } from '../../kernel/objects/cgroup_tasks.ts';
import type { View } from '../../kernel/view.ts';
import type { Call, Helper } from '../../vm/helper.ts';

export const cssKfuncs = (): readonly (readonly [string, Helper])[] => [
  ['bpf_iter_css_new', cssNew],
  ['bpf_iter_css_next', cssNext],
  ['bpf_iter_css_destroy', () => 0],
  ['bpf_iter_css_task_new', cssTaskNew],
  ['bpf_iter_css_task_next', cssTaskNext],
  ['bpf_iter_css_task_destroy', cssTaskDestroy],
];

const cgroupOf = (kernel: Kernel, css: Addr): View =>
  kernel.view('cgroup', kernel.view('cgroup_subsys_state', css).ptr('cgroup'));

// -- cgroups -------------------------------------------------------------------------------------------------

interface Order {
  first(kernel: Kernel, start: View): View;
  after(kernel: Kernel, start: View, at: View): View | null;
}
const itself = (_kernel: Kernel, start: View): View => start;
const ORDERS: ReadonlyMap<number, Order> = new Map<number, Order>([
  [CgroupIterOrder.DESCENDANTS_PRE, { first: itself, after: afterPre }],
  [CgroupIterOrder.DESCENDANTS_POST, { first: leftmost, after: afterPost }],
  [CgroupIterOrder.ANCESTORS_UP, { first: itself, after: (kernel, _start, at) => cgroupParent(kernel, at) }],
]);

/** @kernel bpf_iter_css_new, kernel/bpf/cgroup_iter.c @fidelity full: task_helpers.test.ts */
function cssNew(call: Call): NegErrno {
  const it = call.kernel.view('bpf_iter_css_kern', call.arg(1));
  const flags = call.u32(3);
  it.set('start', 0);
  it.set('pos', 0);
  if (!ORDERS.has(flags)) return fail('EINVAL');
  it.set('start', call.arg(2));
  it.set('flags', flags);
  return 0;
}

/** After the end it begins anew, as in the kernel. @kernel bpf_iter_css_next, kernel/bpf/cgroup_iter.c @fidelity full: task_helpers.test.ts */
function cssNext(call: Call): Addr {
  const { kernel } = call;
  const it = kernel.view('bpf_iter_css_kern', call.arg(1));
  const order = ORDERS.get(it.num('flags'));
  if (it.ptr('start') === 0n || !order) return 0n;
  const start = cgroupOf(kernel, it.ptr('start'));
  const own = it.ptr('start') === start.at('self');
  const ss = own ? null : kernel.view('cgroup_subsys_state', it.ptr('start')).deref('ss');
  const pos = it.ptr('pos');
  let next = pos === 0n ? order.first(kernel, start) : order.after(kernel, start, cgroupOf(kernel, pos));
  for (; next; next = order.after(kernel, start, next)) {
    const css = ss ? next.ptr(`subsys[${ss.num('id')}]`) : next.at('self');
    if (css === 0n) continue;
    it.set('pos', css);
    return css;
  }
  it.set('pos', 0n);
  return 0n;
}

// -- tasks of a cgroup -----------------------------------------------------------------------------------------

const CSS_TASK_ITER_PROCS = 1;
const CSS_TASK_ITER_THREADED = 2;
/** What bpf_iter_css_task points to here: how many tasks there are, how many were handed out, then the tasks. */
const COUNT = 0n;
const DONE = 8n;
const TASKS = 16n;

/**
 * @kernel bpf_iter_css_task_new, kernel/bpf/task_iter.c
 * @fidelity partial: the tasks are listed when it begins; no threaded cgroups
 */
function cssTaskNew(call: Call): NegErrno {
  const { kernel, mem } = call;
  const flags = call.u32(3);
  mem.setU64(call.arg(1), 0n);
  const known = [0, CSS_TASK_ITER_PROCS, CSS_TASK_ITER_PROCS | CSS_TASK_ITER_THREADED];
  if (!known.includes(flags)) return fail('EINVAL');
  const tasks = memberTasks(kernel, cgroupOf(kernel, call.arg(2)), (flags & CSS_TASK_ITER_PROCS) !== 0);
  const state = mem.alloc(Number(TASKS) + tasks.length * 8);
  mem.setU64(state + COUNT, BigInt(tasks.length));
  tasks.forEach(({ addr }, i) => mem.setU64(state + TASKS + BigInt(i * 8), addr));
  mem.setU64(call.arg(1), state);
  return 0;
}

/** @kernel bpf_iter_css_task_next, kernel/bpf/task_iter.c @fidelity full: task_helpers.test.ts */
function cssTaskNext(call: Call): Addr {
  const { mem } = call;
  const state = mem.u64(call.arg(1));
  if (state === 0n) return 0n;
  const done = mem.u64(state + DONE);
  if (done >= mem.u64(state + COUNT)) return 0n;
  mem.setU64(state + DONE, done + 1n);
  return mem.u64(state + TASKS + done * 8n);
}

/** @kernel bpf_iter_css_task_destroy, kernel/bpf/task_iter.c @fidelity full: task_helpers.test.ts */
function cssTaskDestroy(call: Call): number {
  const state = call.mem.u64(call.arg(1));
  if (state !== 0n) call.mem.release(state);
  call.mem.setU64(call.arg(1), 0n);
  return 0;
}
