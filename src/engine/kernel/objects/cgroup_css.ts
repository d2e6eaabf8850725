/**
 * Controllers: what memory, pids, cpu and the others keep of a cgroup, one css each.
 *
 *     cgroup.subsys[id] -> css { cgroup, ss, parent, children }        at the head of mem_cgroup, pids_cgroup, ...
 *     css_set.subsys[id] -> the css that counts for its tasks: of the nearest cgroup that has one
 *
 * The root has all of them. A cgroup has those that its parent's subtree_control lists.
 *
 * Source: kernel/cgroup/cgroup.c, kernel/cgroup/pids.c, mm/memcontrol.c, kernel/sched/core.c, Linux 6.12.
 */
import type { Addr } from '../../../shared/brand.ts';
import type { Kernel } from '../kernel.ts';
import { listAddTail, listDel, listInit } from '../list.ts';
import type { View } from '../view.ts';

const CSS_NO_REF = 1;
const CSS_ONLINE = 2;

interface Controller {
  readonly name: string;
  /** Its name on the old hierarchies, where that is another. */
  readonly legacy?: string;
  /** What its css stands at the head of, if that is modelled. */
  readonly struct?: string;
  /** Symbol of the root's. */
  readonly root?: string;
  readonly init?: (css: View) => void;
  /** On the unified hierarchy without being asked for. */
  readonly implicit?: boolean;
  /** It has no files on the unified hierarchy. */
  readonly oldOnly?: boolean;
}

const PAGE_COUNTER_MAX = 0x7_ffff_ffff_ffffn;
const SHARES = 1024 * 1024;
const PERIOD_NS = 100_000_000;
const RUNTIME_INF = 0xffff_ffff_ffff_ffffn;
/** One more than there can be pids. */
export const PIDS_MAX = 4_194_305n;

function initMemory(css: View): void {
  for (const counter of ['memory', 'swap']) {
    if (!css.has(`${counter}.usage`)) continue;
    css.set(`${counter}.max`, PAGE_COUNTER_MAX);
    css.trySet(`${counter}.high`, PAGE_COUNTER_MAX);
    for (const zero of ['usage', 'min', 'low', 'watermark', 'failcnt']) css.trySet(`${counter}.${zero}`, 0);
  }
  for (const events of ['memory_events', 'memory_events_local'])
    for (let i = 0; css.has(`${events}[${i}]`) && i < MEMORY_EVENTS; i++) css.set(`${events}[${i}]`, 0);
  css.trySet('oom_group', 0);
  css.trySet('swappiness', 60);
}
const MEMORY_EVENTS = 9;

function initCpu(css: View): void {
  css.trySet('shares', SHARES);
  css.trySet('cfs_bandwidth.period', PERIOD_NS);
  css.trySet('cfs_bandwidth.quota', RUNTIME_INF);
  for (const zero of ['burst', 'nr_periods', 'nr_throttled', 'throttled_time', 'nr_burst', 'burst_time'])
    css.trySet(`cfs_bandwidth.${zero}`, 0);
}

function initPids(css: View): void {
  css.set('counter', 0);
  css.set('limit', PIDS_MAX);
  css.trySet('watermark', 0);
}

/** In the order of enum cgroup_subsys_id, which each kernel's BTF numbers itself. */
const CONTROLLERS: readonly Controller[] = [
  { name: 'cpuset' },
  { name: 'cpu', struct: 'task_group', root: 'root_task_group', init: initCpu },
  { name: 'cpuacct', oldOnly: true },
  { name: 'io', legacy: 'blkio' },
  { name: 'memory', struct: 'mem_cgroup', init: initMemory },
  { name: 'devices', oldOnly: true },
  { name: 'freezer', oldOnly: true },
  { name: 'net_cls', oldOnly: true },
  { name: 'perf_event', implicit: true },
  { name: 'net_prio', oldOnly: true },
  { name: 'hugetlb' },
  { name: 'pids', struct: 'pids_cgroup', init: initPids },
  { name: 'rdma' },
  { name: 'misc' },
];

/** Those that cgroup.subtree_control can list. */
export const CONTROLLER_NAMES = ['cpuset', 'cpu', 'io', 'memory', 'hugetlb', 'pids', 'rdma', 'misc'] as const;
export type ControllerName = (typeof CONTROLLER_NAMES)[number];

/** The symbols of the controllers themselves. */
export const CONTROLLER_SYMBOLS: readonly string[] = CONTROLLERS.map(({ name }) => `${name}_cgrp_subsys`);

/** Number of a controller in this kernel, -1 when it has none of this name. */
export const controllerId = (kernel: Kernel, name: string): number =>
  kernel.types.enumValue('cgroup_subsys_id', `${name}_cgrp_id`, -1);

const slot = (kernel: Kernel, name: string): string => `subsys[${controllerId(kernel, name)}]`;

/** @kernel cgroup_init_subsys, kernel/cgroup/cgroup.c @fidelity partial: no callbacks and files */
function subsystem(kernel: Kernel, { name, legacy, implicit }: Controller, root: View): View {
  const symbol = `${name}_cgrp_subsys`;
  const fresh = !kernel.hasObject(symbol);
  const ss = kernel.object(symbol, 'cgroup_subsys');
  if (!fresh) return ss;
  ss.set('id', controllerId(kernel, name));
  ss.set('name', kernel.allocText(name));
  ss.trySet('legacy_name', legacy === undefined ? ss.ptr('name') : kernel.allocText(legacy));
  ss.trySet('root', root.addr);
  ss.trySet('implicit_on_dfl', implicit ? 1 : 0);
  return ss;
}

/** What a controller keeps of a cgroup, seen as its own struct. */
const stateAt = (kernel: Kernel, { struct }: Controller, addr: Addr): View =>
  kernel.view(struct !== undefined && kernel.types.has(struct) ? struct : 'cgroup_subsys_state', addr);

/** The root's state is at its symbol, where it has one. */
function newState(kernel: Kernel, controller: Controller, isRoot: boolean): View {
  const { struct, root } = controller;
  const known = struct !== undefined && kernel.types.has(struct) ? struct : 'cgroup_subsys_state';
  return isRoot && root !== undefined && known === struct ? kernel.object(root, known) : kernel.alloc(known);
}

/**
 * A css for a cgroup that has none of this controller.
 *
 * @kernel css_create, init_and_link_css, kernel/cgroup/cgroup.c
 * @fidelity partial: online at once; of what controllers keep, that of memory, pids and cpu
 */
function newCss(kernel: Kernel, controller: Controller, cgroup: View, parent: View | null, root: View): void {
  const state = newState(kernel, controller, parent === null);
  const css = kernel.view('cgroup_subsys_state', state.addr);
  for (const list of ['sibling', 'children']) listInit(kernel.mem, css.at(list));
  css.set('cgroup', cgroup.addr);
  css.set('ss', subsystem(kernel, controller, root).addr);
  css.set('flags', CSS_ONLINE | (parent ? 0 : CSS_NO_REF));
  css.trySet('id', parent ? cgroup.num('level') + 1 : 1);
  css.trySet('serial_nr', cgroup.has('self.serial_nr') ? cgroup.big('self.serial_nr') : 0);
  css.set('parent', parent?.addr ?? 0n);
  css.trySet('online_cnt', 1);
  css.trySet('nr_descendants', 0);
  if (parent) {
    const counter = kernel.alloc('percpu_ref_data');
    counter.set('count', 1);
    css.set('refcnt.data', counter.addr);
    listAddTail(kernel.mem, css.at('sibling'), parent.at('children'));
    for (let above: View | null = parent; above; above = above.deref('parent'))
      if (above.has('nr_descendants')) above.set('nr_descendants', above.num('nr_descendants') + 1);
  }
  cgroup.set(slot(kernel, controller.name), css.addr);
  controller.init?.(state);
  const outer = parent && stateAt(kernel, controller, parent.addr);
  if (outer?.has('memory.parent')) state.set('memory.parent', outer.at('memory'));
}

/** The root of the unified hierarchy gets all controllers of this kernel. @kernel cgroup_init, kernel/cgroup/cgroup.c @fidelity full: app/kernel_fields.test.ts */
export function initRootCsses(kernel: Kernel, cgroup: View, root: View): void {
  let mask = 0;
  for (const controller of CONTROLLERS) {
    const id = controllerId(kernel, controller.name);
    if (id < 0 || !cgroup.has(`subsys[${id}]`)) continue;
    newCss(kernel, controller, cgroup, null, root);
    mask |= 1 << id;
    if (controller.name === 'memory')
      kernel.mem.setU64(kernel.pointer('root_mem_cgroup'), cgroup.ptr(`subsys[${id}]`));
  }
  root.trySet('subsys_mask', mask);
}

/** A new cgroup gets what its parent passes on. @kernel cgroup_apply_control_enable, kernel/cgroup/cgroup.c @fidelity full: app/kernel_fields.test.ts */
export function initCsses(kernel: Kernel, cgroup: View, parent: View, root: View): void {
  const mask = parent.has('subtree_ss_mask') ? parent.num('subtree_ss_mask') : parent.num('subtree_control');
  if (mask === 0) return;
  for (const controller of CONTROLLERS) {
    const id = controllerId(kernel, controller.name);
    if (id < 0 || (mask & (1 << id)) === 0) continue;
    newCss(kernel, controller, cgroup, nearestCss(kernel, parent, id), root);
  }
}

/** Passes controllers on to cgroups that are made below. @kernel cgroup_subtree_control_write, kernel/cgroup/cgroup.c @fidelity partial: before there are cgroups below */
export function setSubtreeControl(kernel: Kernel, cgroup: View, names: readonly ControllerName[]): void {
  const bits = (wanted: (controller: Controller) => boolean): number =>
    CONTROLLERS.filter(wanted)
      .map(({ name }) => controllerId(kernel, name))
      .reduce((mask, id) => (id < 0 ? mask : mask | (1 << id)), 0);
  const control = bits(({ name }) => (names as readonly string[]).includes(name));
  cgroup.set('subtree_control', control);
  if (names.length > 0) cgroup.trySet('subtree_ss_mask', control | bits(({ implicit }) => implicit === true));
}

/** @kernel cgroup_e_css, kernel/cgroup/cgroup.c @fidelity full: app/kernel_fields.test.ts */
function nearestCss(kernel: Kernel, cgroup: View, id: number): View | null {
  const field = `subsys[${id}]`;
  for (let at: View | null = cgroup; at; at = parentOf(kernel, at)) {
    const css = at.deref(field);
    if (css) return css;
  }
  return null;
}

function parentOf(kernel: Kernel, cgroup: View): View | null {
  const css = cgroup.ptr('self.parent');
  return css === 0n ? null : kernel.view('cgroup', kernel.view('cgroup_subsys_state', css).ptr('cgroup'));
}

/** The csses that a cgroup has, its own not among them. */
export function* cssesOf(kernel: Kernel, cgroup: View): Generator<View> {
  for (const { name } of CONTROLLERS) {
    const id = controllerId(kernel, name);
    const css = id < 0 || !cgroup.has(`subsys[${id}]`) ? null : cgroup.deref(`subsys[${id}]`);
    if (css) yield css;
  }
}

/** What a controller keeps of a cgroup itself, or null. */
export function cgroupState(kernel: Kernel, cgroup: View, name: ControllerName): View | null {
  const controller = CONTROLLERS.find((each) => each.name === name);
  const css = controllerId(kernel, name) < 0 ? 0n : cgroup.ptr(slot(kernel, name));
  return css === 0n || !controller ? null : stateAt(kernel, controller, css);
}

/** Which csses count for the tasks of a css_set. @kernel find_existing_css_set, kernel/cgroup/cgroup.c @fidelity full: app/kernel_fields.test.ts */
export function setEffective(kernel: Kernel, cset: View, cgroup: View): void {
  for (const { name } of CONTROLLERS) {
    const id = controllerId(kernel, name);
    if (id >= 0 && cset.has(`subsys[${id}]`))
      cset.set(`subsys[${id}]`, nearestCss(kernel, cgroup, id)?.addr ?? 0n);
  }
}

/** A removed cgroup's csses go with it. @kernel kill_css, offline_css, kernel/cgroup/cgroup.c @fidelity partial: at once */
export function killCsses(kernel: Kernel, cgroup: View): void {
  for (const css of cssesOf(kernel, cgroup)) {
    listDel(kernel.mem, css.at('sibling'));
    for (let above = css.deref('parent'); above; above = above.deref('parent'))
      if (above.has('nr_descendants')) above.set('nr_descendants', above.num('nr_descendants') - 1);
    cgroup.set(`subsys[${css.deref('ss')?.num('id') ?? 0}]`, 0n);
    kernel.mem.release(css.ptr('refcnt.data'));
    kernel.mem.release(css.addr);
  }
}

/** One task more, or less, up to but not in the root. @kernel pids_charge, pids_uncharge, kernel/cgroup/pids.c @fidelity full: app/kernel_fields.test.ts */
export function chargePids(kernel: Kernel, cset: View, by: 1 | -1): void {
  const id = controllerId(kernel, 'pids');
  if (id < 0 || !cset.has(`subsys[${id}]`) || !kernel.types.has('pids_cgroup')) return;
  for (let css = cset.deref(`subsys[${id}]`); css && css.ptr('parent') !== 0n; css = css.deref('parent')) {
    const pids = kernel.view('pids_cgroup', css.addr);
    const now = pids.big('counter') + BigInt(by);
    pids.set('counter', now);
    if (pids.has('watermark') && now > pids.big('watermark')) pids.set('watermark', now);
  }
}
