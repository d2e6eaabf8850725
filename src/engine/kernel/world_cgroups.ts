/**
 * The cgroups of a world: the tree as listed, every task where it says it is, and what controllers keep.
 *
 * Memory and CPU time that the world does not tell are those of the tasks; like the limits of nested cgroups
 * they count for every cgroup above, but the root, which Linux does not charge.
 */
import { PAGE_SIZE } from './address.ts';
import type { Kernel } from './kernel.ts';
import { containerOf, listNodes } from './list.ts';
import { attachTask, cgroupByPath, cgroupChildren, newCgroup, rootCgroup } from './objects/cgroup.ts';
import { cgroupState, PIDS_MAX, setSubtreeControl } from './objects/cgroup_css.ts';
import { isGroupLeader } from './objects/task.ts';
import type { View } from './view.ts';
import type { World, WorldCgroup } from './world_schema.ts';

/** First id of a cgroup that the world gives none. */
const FIRST_ID = 0x100n;

/**
 * Makes the tree, parents before children; a parent that is not listed is made too.
 *
 * @param task finds a task by number
 */
export function buildCgroups(kernel: Kernel, world: World, task: (tid: number) => View): void {
  let nextId = FIRST_ID;
  const listed = new Map(world.cgroups.map((cgroup) => [cgroup.path, cgroup]));
  const make = (path: string): View => {
    const found = cgroupByPath(kernel, path);
    if (found) return found;
    const cut = path.lastIndexOf('/');
    const parent = cut <= 0 ? rootCgroup(kernel) : make(path.slice(0, cut));
    const id = BigInt(listed.get(path)?.id ?? nextId++);
    const cgroup = newCgroup(kernel, parent, { name: path.slice(cut + 1), id });
    setSubtreeControl(kernel, cgroup, listed.get(path)?.subtreeControl ?? []);
    return cgroup;
  };
  setSubtreeControl(kernel, rootCgroup(kernel), listed.get('/')?.subtreeControl ?? []);
  for (const { path } of world.cgroups) make(path);
  for (const process of world.processes) {
    const place = (tid: number, path: string): void => attachTask(kernel, task(tid), make(path));
    if (process.cgroup !== undefined) place(process.pid, process.cgroup);
    for (const thread of process.threads) {
      const path = thread.cgroup ?? process.cgroup;
      if (path !== undefined) place(thread.tid, path);
    }
  }
}

type Limit = number | 'max';

/** A limit in bytes as pages; `max` is none. */
const setPages = (state: View, field: string, limit: Limit): void => {
  if (limit !== 'max' && state.has(field)) state.set(field, Math.floor(limit / PAGE_SIZE));
};

/** Order of enum memcg_memory_event. */
const EVENTS = ['low', 'high', 'max', 'oom', 'oom_kill', 'oom_group_kill'] as const;

function setMemory(state: View, { memory }: WorldCgroup): void {
  for (const field of ['min', 'low', 'high', 'max'] as const)
    setPages(state, `memory.${field}`, memory?.[field] ?? 'max');
  state.trySet('oom_group', memory?.oomGroup ? 1 : 0);
  EVENTS.forEach((event, i) => {
    const times = memory?.events?.[event] ?? 0;
    for (const field of ['memory_events', 'memory_events_local']) state.trySet(`${field}[${i}]`, times);
  });
}

const US = 1000;
const NICE_0_WEIGHT = 100;
const SHARES = 1024 * 1024;

function setCpu(state: View, { cpu }: WorldCgroup): void {
  if (!cpu) return;
  state.trySet('shares', Math.round((cpu.weight * SHARES) / NICE_0_WEIGHT));
  state.trySet('cfs_bandwidth.period', cpu.period * US);
  if (cpu.quota !== 'max') state.trySet('cfs_bandwidth.quota', cpu.quota * US);
  state.trySet('cfs_bandwidth.nr_periods', cpu.periods);
  state.trySet('cfs_bandwidth.nr_throttled', cpu.throttled);
  state.trySet('cfs_bandwidth.throttled_time', cpu.throttledTime * US);
}

function setPids(state: View, { pids }: WorldCgroup): void {
  const max = pids?.max ?? 'max';
  state.trySet('limit', max === 'max' ? PIDS_MAX : max);
  if (pids?.peak !== undefined) state.trySet('watermark', pids.peak);
}

/** What tasks use, added up for their cgroup and those above. */
interface Used {
  pages: bigint;
  user: bigint;
  system: bigint;
  runtime: bigint;
}

const RSS = [0, 1, 3];

/** The tasks of the cgroup itself. */
function usedHere(kernel: Kernel, cgroup: View): Used {
  const used: Used = { pages: 0n, user: 0n, system: 0n, runtime: 0n };
  const number = (view: View | null, field: string): bigint => (view?.has(field) ? view.big(field) : 0n);
  for (const node of listNodes(kernel.mem, cgroup.at('cset_links'))) {
    const cset = kernel.view('css_set', containerOf(kernel, node, 'cgrp_cset_link', 'cset_link').ptr('cset'));
    for (const entry of listNodes(kernel.mem, cset.at('tasks'))) {
      const task = containerOf(kernel, entry, 'task_struct', 'cg_list');
      used.user += number(task, 'utime');
      used.system += number(task, 'stime');
      used.runtime += number(task, 'se.sum_exec_runtime');
      const mm = isGroupLeader(task) ? task.deref('mm') : null;
      for (const counter of RSS) used.pages += number(mm, `rss_stat[${counter}].count`);
    }
  }
  return used;
}

/**
 * Gives every cgroup what its controllers count, as told or as its tasks use; to be called when these have
 * their memory.
 */
export function settleCgroups(kernel: Kernel, world: World): void {
  const listed = new Map(world.cgroups.map((cgroup) => [cgroup.path, cgroup]));
  const settle = (cgroup: View, path: string): Used => {
    const used = usedHere(kernel, cgroup);
    for (const child of cgroupChildren(kernel, cgroup)) {
      const name = kernel.mem.text(child.deref('kn')?.ptr('name') ?? 0n, 256);
      const below = settle(child, `${path}/${name}`);
      for (const key of ['pages', 'user', 'system', 'runtime'] as const) used[key] += below[key];
    }
    return path === '' ? used : keep(kernel, cgroup, listed.get(path), used);
  };
  settle(rootCgroup(kernel), '');
}

/** @returns what counts for the cgroups above */
function keep(kernel: Kernel, cgroup: View, told: WorldCgroup | undefined, used: Used): Used {
  const memory = cgroupState(kernel, cgroup, 'memory');
  const cpu = cgroupState(kernel, cgroup, 'cpu');
  const pids = cgroupState(kernel, cgroup, 'pids');
  if (told && memory) setMemory(memory, told);
  if (told && cpu) setCpu(cpu, told);
  if (told && pids) setPids(pids, told);
  const current = told?.memory?.current;
  if (current !== undefined) used.pages = BigInt(Math.floor(current / PAGE_SIZE));
  memory?.trySet('memory.usage', used.pages);
  const peak = told?.memory?.peak;
  memory?.trySet('memory.watermark', peak === undefined ? used.pages : Math.floor(peak / PAGE_SIZE));
  if (told?.spent) {
    used.user = BigInt(told.spent.user * US);
    used.system = BigInt(told.spent.system * US);
    used.runtime = BigInt(told.spent.usage * US);
  }
  cgroup.trySet('bstat.cputime.utime', used.user);
  cgroup.trySet('bstat.cputime.stime', used.system);
  cgroup.trySet('bstat.cputime.sum_exec_runtime', used.runtime);
  cgroup.trySet('bstat.ntime', (told?.spent?.nice ?? 0) * US);
  return used;
}
