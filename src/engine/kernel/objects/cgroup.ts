/**
 * Control groups of the unified hierarchy: a tree of cgroups, and the css_sets that put tasks in them.
 *
 *     cgrp_dfl_root.cgrp -> children -> cgroup { kn { id, name }, level, ancestors[] }
 *     task.cgroups -> css_set { dfl_cgrp, tasks }       cgroup.cset_links -> its css_sets
 *
 * Every cgroup counts its descendants; the root itself is never counted by anybody.
 *
 * Source: kernel/cgroup/cgroup.c, include/linux/cgroup.h, Linux 6.12.
 */
import type { Addr } from '../../../shared/brand.ts';
import type { Kernel } from '../kernel.ts';
import { containerOf, listAddTail, listDel, listInit, listNodes } from '../list.ts';
import { View } from '../view.ts';
import { chargePids, cssesOf, initCsses, initRootCsses, killCsses, setEffective } from './cgroup_css.ts';
import { getRef, putRef } from './refs.ts';

const CSS_NO_REF = 1;
const CSS_ONLINE = 2;
const CSS_VISIBLE = 8;
const CSS_DYING = 16;
const NO_LIMIT = 0x7fff_ffff;
const ROOT_ID = 1n;

const cgroupAt = (kernel: Kernel, addr: Addr): View => kernel.view('cgroup', addr);

/** The root of the unified hierarchy; made by the first call. */
export function rootCgroup(kernel: Kernel): View {
  const made = kernel.hasObject('cgrp_dfl_root');
  const root = kernel.object('cgrp_dfl_root', 'cgroup_root');
  const cgroup = root.sub('cgrp');
  if (made) return cgroup;
  initCgroup(kernel, cgroup, null, { name: '', id: ROOT_ID }, root);
  const flags = cgroup.num('self.flags');
  cgroup.set('self.flags', flags | CSS_NO_REF);
  root.trySet('nr_cgrps', 1);
  initRootCsses(kernel, cgroup, root);
  const cset = kernel.object('init_css_set', 'css_set');
  initCssSet(kernel, cset, cgroup);
  cset.set('refcount', 1);
  return cgroup;
}

export interface CgroupName {
  readonly name: string;
  /** Its inode number in /sys/fs/cgroup. */
  readonly id: bigint;
}

/**
 * A new cgroup below `parent`.
 *
 * @kernel cgroup_create, kernel/cgroup/cgroup.c
 * @fidelity partial: of the controllers, what cgroup_css.ts keeps
 */
export function newCgroup(kernel: Kernel, parent: View, name: CgroupName): View {
  const type = kernel.types.struct('cgroup');
  const level = parent.num('level') + 1;
  const cgroup = new View(kernel.mem, kernel.types, type, kernel.mem.alloc(type.size + 8 * (level + 1)));
  const root = kernel.view('cgroup_root', parent.ptr('root'));
  initCgroup(kernel, cgroup, parent, name, root);
  tryGetCgroup(kernel, parent);
  listAddTail(kernel.mem, cgroup.at('self.sibling'), parent.at('self.children'));
  for (let above: View | null = parent; above; above = cgroupParent(kernel, above))
    above.set('nr_descendants', above.num('nr_descendants') + 1);
  initCsses(kernel, cgroup, parent, root);
  for (const _ of cssesOf(kernel, cgroup)) tryGetCgroup(kernel, cgroup);
  root.trySet('nr_cgrps', root.num('nr_cgrps') + 1);
  return cgroup;
}

/** True while tasks are in the cgroup itself. */
export function hasTasks(kernel: Kernel, cgroup: View): boolean {
  for (const node of listNodes(kernel.mem, cgroup.at('cset_links'))) {
    const link = containerOf(kernel, node, 'cgrp_cset_link', 'cset_link');
    if ((link.deref('cset')?.num('nr_tasks') ?? 0) > 0) return true;
  }
  return false;
}

/**
 * Takes a cgroup without tasks and children out of the tree.
 *
 * @kernel cgroup_destroy_locked, kernel/cgroup/cgroup.c
 * @fidelity partial: at once; its memory goes with the last reference
 */
export function removeCgroup(kernel: Kernel, cgroup: View): void {
  const flags = cgroup.num('self.flags');
  cgroup.set('self.flags', (flags & ~(CSS_ONLINE | CSS_VISIBLE)) | CSS_DYING);
  listDel(kernel.mem, cgroup.at('self.sibling'));
  for (let above = cgroupParent(kernel, cgroup); above; above = cgroupParent(kernel, above)) {
    above.set('nr_descendants', above.num('nr_descendants') - 1);
    addDying(above, 1);
  }
  const csses = [...cssesOf(kernel, cgroup)].length;
  killCsses(kernel, cgroup);
  for (let i = 0; i < csses; i++) putCgroup(kernel, cgroup);
  const root = kernel.view('cgroup_root', cgroup.ptr('root'));
  root.trySet('nr_cgrps', root.has('nr_cgrps') ? root.num('nr_cgrps') - 1 : 0);
  putCgroup(kernel, cgroup);
}

const addDying = (cgroup: View, by: 1 | -1): void => {
  if (cgroup.has('nr_dying_descendants'))
    cgroup.set('nr_dying_descendants', cgroup.num('nr_dying_descendants') + by);
};

/** A directory or file of the cgroup file system. */
function makeNode(kernel: Kernel, parent: Addr, name: string, id: bigint): View {
  const kn = kernel.alloc('kernfs_node');
  kn.set('count', 1);
  kn.set('parent', parent);
  kn.set('name', kernel.allocText(name));
  kn.set('id', id);
  return kn;
}

/** Files whose nodes a cgroup knows, and whether the root has them. */
const FILES = [
  { member: 'procs_file', name: 'cgroup.procs', onRoot: true },
  { member: 'events_file', name: 'cgroup.events', onRoot: false },
] as const;

/** @kernel css_populate_dir, kernel/cgroup/cgroup.c @fidelity partial: of the files those that struct cgroup names */
function populateDir(kernel: Kernel, cgroup: View, parent: View | null): void {
  cgroup.set('self.flags', cgroup.num('self.flags') | CSS_VISIBLE);
  for (const { member, name, onRoot } of FILES)
    if ((parent || onRoot) && cgroup.has(`${member}.kn`))
      cgroup.set(`${member}.kn`, makeNode(kernel, cgroup.ptr('kn'), name, 0n).addr);
}

function initCgroup(kernel: Kernel, cgroup: View, parent: View | null, name: CgroupName, root: View): void {
  const level = parent ? parent.num('level') + 1 : 0;
  for (const list of ['self.sibling', 'self.children', 'cset_links']) listInit(kernel.mem, cgroup.at(list));
  cgroup.set('self.cgroup', cgroup.addr);
  cgroup.set('self.flags', CSS_ONLINE);
  cgroup.trySet('self.serial_nr', root.has('nr_cgrps') ? root.big('nr_cgrps') + 1n : 0n);
  cgroup.set('self.parent', parent ? parent.at('self') : 0n);
  const counter = kernel.alloc('percpu_ref_data');
  counter.set('count', 1);
  cgroup.set('self.refcnt.data', counter.addr);
  cgroup.set('level', level);
  for (const zero of ['nr_dying_descendants', 'subtree_control', 'flags']) cgroup.trySet(zero, 0);
  cgroup.trySet('dom_cgrp', cgroup.addr);
  cgroup.trySet('max_depth', NO_LIMIT);
  cgroup.trySet('max_descendants', NO_LIMIT);
  cgroup.set('root', root.addr);
  const ancestors = cgroup.at('ancestors');
  if (parent) kernel.mem.setBytes(ancestors, kernel.mem.bytes(parent.at('ancestors'), level * 8));
  kernel.mem.setU64(ancestors + BigInt(level * 8), cgroup.addr);
  const kn = makeNode(kernel, parent ? parent.ptr('kn') : 0n, name.name, name.id);
  kn.trySet('priv', cgroup.addr);
  cgroup.set('kn', kn.addr);
  populateDir(kernel, cgroup, parent);
}

/** The cgroup above, or null for the root. @kernel cgroup_parent, include/linux/cgroup.h @fidelity full: cgroup.test.ts */
export function cgroupParent(kernel: Kernel, cgroup: View): View | null {
  const css = cgroup.ptr('self.parent');
  return css === 0n ? null : cgroupAt(kernel, kernel.view('cgroup_subsys_state', css).ptr('cgroup'));
}

/** Children in the order they were made. */
export function* cgroupChildren(kernel: Kernel, cgroup: View): Generator<View> {
  for (const node of listNodes(kernel.mem, cgroup.at('self.children')))
    yield containerOf(kernel, node, 'cgroup', 'self.sibling');
}

/** The next child of the same parent, or null. */
export function nextSibling(kernel: Kernel, cgroup: View): View | null {
  const parent = cgroupParent(kernel, cgroup);
  const next = kernel.mem.u64(cgroup.at('self.sibling'));
  if (!parent || next === parent.at('self.children')) return null;
  return containerOf(kernel, next, 'cgroup', 'self.sibling');
}

/** The oldest child, or null. */
export const firstChild = (kernel: Kernel, cgroup: View): View | null =>
  cgroupChildren(kernel, cgroup).next().value ?? null;

/** The first of all below a cgroup that has no children of its own. */
export function leftmost(kernel: Kernel, cgroup: View): View {
  let at = cgroup;
  for (let child = firstChild(kernel, at); child; child = firstChild(kernel, at)) at = child;
  return at;
}

/** @kernel css_next_descendant_pre, kernel/cgroup/cgroup.c @fidelity full: cgroup.test.ts */
export function afterPre(kernel: Kernel, start: View, from: View): View | null {
  const child = firstChild(kernel, from);
  if (child) return child;
  for (let at: View | null = from; at && at.addr !== start.addr; at = cgroupParent(kernel, at)) {
    const sibling = nextSibling(kernel, at);
    if (sibling) return sibling;
  }
  return null;
}

/** @kernel css_next_descendant_post, kernel/cgroup/cgroup.c @fidelity full: cgroup.test.ts */
export function afterPost(kernel: Kernel, start: View, at: View): View | null {
  if (at.addr === start.addr) return null;
  const sibling = nextSibling(kernel, at);
  return sibling ? leftmost(kernel, sibling) : cgroupParent(kernel, at);
}

/** The cgroup and all below it, parents before children. */
export function* descendantsPre(kernel: Kernel, start: View): Generator<View> {
  for (let at: View | null = start; at; at = afterPre(kernel, start, at)) yield at;
}

/** All below the cgroup and then itself, children before parents. */
export function* descendantsPost(kernel: Kernel, start: View): Generator<View> {
  for (let at: View | null = leftmost(kernel, start); at; at = afterPost(kernel, start, at)) yield at;
}

/** The cgroup and everything above it, up to the root. */
export function* ancestorsUp(kernel: Kernel, start: View): Generator<View> {
  for (let at: View | null = start; at; at = cgroupParent(kernel, at)) yield at;
}

/** @param level 0: the root @returns null above the root or below the cgroup @kernel cgroup_ancestor, include/linux/cgroup.h @fidelity full: cgroup.test.ts */
export function cgroupAncestor(kernel: Kernel, cgroup: View, level: number): View | null {
  if (level < 0 || level > cgroup.num('level')) return null;
  return cgroupAt(kernel, kernel.mem.u64(cgroup.at('ancestors') + BigInt(level * 8)));
}

/** @kernel cgroup_is_descendant, include/linux/cgroup.h @fidelity full: cgroup.test.ts */
export const isDescendant = (kernel: Kernel, cgroup: View, ancestor: View): boolean =>
  cgroupAncestor(kernel, cgroup, ancestor.num('level'))?.addr === ancestor.addr;

/** @kernel cgroup_get_from_id, kernel/cgroup/cgroup.c @fidelity full: cgroup.test.ts */
export function cgroupById(kernel: Kernel, id: bigint): View | null {
  for (const cgroup of descendantsPre(kernel, rootCgroup(kernel))) if (cgroupId(cgroup) === id) return cgroup;
  return null;
}

/** @kernel cgroup_id, include/linux/cgroup.h @fidelity full: cgroup.test.ts */
export const cgroupId = (cgroup: View): bigint => cgroup.deref('kn')?.big('id') ?? 0n;

export function cgroupName(kernel: Kernel, cgroup: View): string {
  const name = cgroup.deref('kn')?.ptr('name') ?? 0n;
  return name === 0n ? '' : kernel.mem.text(name, 256);
}

/** The cgroup at a path below the root, such as `/lab/a`; null when there is none. */
export function cgroupByPath(kernel: Kernel, path: string): View | null {
  let at: View | null = rootCgroup(kernel);
  for (const step of path.split('/').filter((part) => part !== '')) {
    if (!at) return null;
    at = [...cgroupChildren(kernel, at)].find((child) => cgroupName(kernel, child) === step) ?? null;
  }
  return at;
}

// -- references ----------------------------------------------------------------------------------------------

const counted = (cgroup: View): boolean => (cgroup.num('self.flags') & CSS_NO_REF) === 0;
const counter = (kernel: Kernel, cgroup: View): View =>
  kernel.view('percpu_ref_data', cgroup.ptr('self.refcnt.data'));

/** @returns false when the last reference is gone already @kernel cgroup_tryget, kernel/cgroup/cgroup.c @fidelity full: cgroup.test.ts */
export function tryGetCgroup(kernel: Kernel, cgroup: View): boolean {
  if (!counted(cgroup)) return true;
  const ref = counter(kernel, cgroup);
  if (ref.num('count') === 0) return false;
  ref.set('count', ref.num('count') + 1);
  return true;
}

/** Drops a reference; the last one, after the cgroup was removed, frees it. @kernel cgroup_put, include/linux/cgroup.h @fidelity full: task.test.ts */
export function putCgroup(kernel: Kernel, cgroup: View): void {
  if (!counted(cgroup) || !putRef(counter(kernel, cgroup), 'count')) return;
  const parent = cgroupParent(kernel, cgroup);
  const files = FILES.flatMap(({ member }) =>
    cgroup.has(`${member}.kn`) ? [cgroup.ptr(`${member}.kn`)] : [],
  );
  const nodes = [...files, cgroup.ptr('kn')].filter((kn) => kn !== 0n);
  kernel.freeing('cgroup', cgroup);
  for (let above = parent; above; above = cgroupParent(kernel, above)) addDying(above, -1);
  const names = nodes.map((kn) => kernel.view('kernfs_node', kn).ptr('name'));
  for (const addr of [...names, ...nodes, cgroup.ptr('self.refcnt.data'), cgroup.addr])
    kernel.mem.release(addr);
  if (parent) putCgroup(kernel, parent);
}

// -- tasks ---------------------------------------------------------------------------------------------------

function initCssSet(kernel: Kernel, cset: View, cgroup: View): void {
  for (const list of ['tasks', 'cgrp_links', 'mg_tasks', 'dying_tasks', 'task_iters'])
    if (cset.has(list)) listInit(kernel.mem, cset.at(list));
  cset.trySet('dom_cset', cset.addr);
  cset.set('dfl_cgrp', cgroup.addr);
  setEffective(kernel, cset, cgroup);
  const link = kernel.alloc('cgrp_cset_link');
  tryGetCgroup(kernel, cgroup);
  link.set('cgrp', cgroup.addr);
  link.set('cset', cset.addr);
  listAddTail(kernel.mem, link.at('cset_link'), cgroup.at('cset_links'));
  listAddTail(kernel.mem, link.at('cgrp_link'), cset.at('cgrp_links'));
}

/**
 * The task that runs when no other does belongs to the first css_set, and no list shows it.
 *
 * @kernel init_css_set, kernel/cgroup/cgroup.c
 * @fidelity full: cgroup.test.ts
 */
export function adoptIdle(kernel: Kernel, idle: View): void {
  rootCgroup(kernel);
  idle.set('cgroups', kernel.object('init_css_set', 'css_set').addr);
}

/** The css_set for tasks of a cgroup, made when there is none. @kernel find_css_set, kernel/cgroup/cgroup.c @fidelity partial: only the unified hierarchy */
function cssSetOf(kernel: Kernel, cgroup: View): View {
  for (const node of listNodes(kernel.mem, cgroup.at('cset_links')))
    return kernel.view('css_set', containerOf(kernel, node, 'cgrp_cset_link', 'cset_link').ptr('cset'));
  const cset = kernel.alloc('css_set');
  initCssSet(kernel, cset, cgroup);
  return cset;
}

/**
 * Puts a task, alone, into a cgroup.
 *
 * @kernel cgroup_attach_task, kernel/cgroup/cgroup.c
 * @fidelity partial: nobody is told
 */
export function attachTask(kernel: Kernel, task: View, cgroup: View): void {
  // The new one is taken before the old one is given back: it may be the same.
  const cset = getRef(cssSetOf(kernel, cgroup), 'refcount');
  detachTask(kernel, task);
  task.set('cgroups', cset.addr);
  listAddTail(kernel.mem, task.at('cg_list'), cset.at('tasks'));
  populate(kernel, cset, 1);
  cset.set('nr_tasks', cset.num('nr_tasks') + 1);
  chargePids(kernel, cset, 1);
}

/** Takes a task out of its cgroup, at its end. @kernel cgroup_release, kernel/cgroup/cgroup.c @fidelity full: cgroup.test.ts */
export function detachTask(kernel: Kernel, task: View): void {
  const cset = task.deref('cgroups');
  if (!cset) return;
  task.set('cgroups', 0n);
  listDel(kernel.mem, task.at('cg_list'));
  cset.set('nr_tasks', cset.num('nr_tasks') - 1);
  chargePids(kernel, cset, -1);
  populate(kernel, cset, -1);
  if (putRef(cset, 'refcount')) freeCssSet(kernel, cset);
}

/** @kernel put_css_set_locked, kernel/cgroup/cgroup.c @fidelity full: task.test.ts */
function freeCssSet(kernel: Kernel, cset: View): void {
  const links = [...listNodes(kernel.mem, cset.at('cgrp_links'))];
  for (const node of links) {
    const link = containerOf(kernel, node, 'cgrp_cset_link', 'cgrp_link');
    listDel(kernel.mem, link.at('cset_link'));
    listDel(kernel.mem, link.at('cgrp_link'));
    putCgroup(kernel, cgroupAt(kernel, link.ptr('cgrp')));
    kernel.mem.release(link.addr);
  }
  kernel.mem.release(cset.addr);
}

/** What makes a cgroup populated: css_sets that have tasks, and children that are populated. */
const POPULATED_BY = ['nr_populated_csets', 'nr_populated_domain_children'] as const;

/**
 * Counts a css_set that got its first task or lost its last. Where that makes a cgroup populated, or empty, its
 * parent counts the cgroup in turn.
 *
 * @kernel cgroup_update_populated, kernel/cgroup/cgroup.c
 * @fidelity partial: no cgroup is threaded
 */
function populate(kernel: Kernel, cset: View, by: 1 | -1): void {
  if (cset.num('nr_tasks') !== 0) return;
  const populated = (cgroup: View): boolean =>
    POPULATED_BY.some((count) => cgroup.has(count) && cgroup.num(count) > 0);
  let count: (typeof POPULATED_BY)[number] = 'nr_populated_csets';
  let cgroup: View | null = cgroupAt(kernel, cset.ptr('dfl_cgrp'));
  while (cgroup?.has(count)) {
    const before = populated(cgroup);
    cgroup.set(count, cgroup.num(count) + by);
    if (populated(cgroup) === before) return;
    count = 'nr_populated_domain_children';
    cgroup = cgroupParent(kernel, cgroup);
  }
}

/** The cgroup a task is in, or null before it is in any. @kernel task_dfl_cgroup, include/linux/cgroup.h @fidelity full: cgroup.test.ts */
export const taskCgroup = (task: View): View | null => task.deref('cgroups')?.deref('dfl_cgrp') ?? null;
