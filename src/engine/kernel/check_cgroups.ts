/**
 * Proves that the tree of cgroups agrees with itself and with its tasks: levels, descendants and references are
 * those there are, and each css_set lists exactly the tasks that point to it.
 */
import { checkList } from './check_lists.ts';
import type { Report } from './check_lists.ts';
import type { Kernel } from './kernel.ts';
import { containerOf, listNodes } from './list.ts';
import { cgroupState, cssesOf } from './objects/cgroup_css.ts';
import { cgroupChildren, cgroupName, cgroupParent, descendantsPre, rootCgroup } from './objects/cgroup.ts';
import type { View } from './view.ts';

/**
 * @param threads every task there is, but the idle task, which no css_set lists
 * @param exact false while a walk holds references that are in no object
 */
export function checkCgroups(kernel: Kernel, threads: number, exact: boolean, check: Report): void {
  let listed = 0;
  const root = rootCgroup(kernel);
  for (const cgroup of descendantsPre(kernel, root)) {
    const name = (): string => `cgroup '${cgroupName(kernel, cgroup)}'`;
    checkList(kernel.mem, cgroup.at('self.children'), 'children of a cgroup', check);
    checkList(kernel.mem, cgroup.at('cset_links'), 'css_sets of a cgroup', check);
    const children = [...cgroupChildren(kernel, cgroup)];
    const level = cgroup.num('level');
    for (const child of children) {
      check(cgroupParent(kernel, child)?.addr === cgroup.addr, () => `${name()}: a child has another parent`);
      check(child.num('level') === level + 1, () => `${name()}: a child is not one level below`);
    }
    const below = [...descendantsPre(kernel, cgroup)].length - 1;
    check(
      cgroup.num('nr_descendants') === below,
      () => `${name()}: nr_descendants is ${cgroup.num('nr_descendants')}, there are ${below}`,
    );
    checkCsses(kernel, cgroup, name, check);
    const sets = cssSets(kernel, cgroup);
    const populated = sets.filter((cset) => cset.num('nr_tasks') > 0).length;
    if (cgroup.has('nr_populated_csets'))
      check(
        cgroup.num('nr_populated_csets') === populated,
        () => `${name()}: nr_populated_csets is not ${populated}`,
      );
    if (cgroup.has('nr_populated_domain_children')) {
      const full = children.filter((child) =>
        [...descendantsPre(kernel, child)].some((inner) => inner.num('nr_populated_csets') > 0),
      ).length;
      check(
        cgroup.num('nr_populated_domain_children') === full,
        () => `${name()}: nr_populated_domain_children is not ${full}`,
      );
    }
    for (const cset of sets) listed += checkCssSet(kernel, cset, cgroup, check);
    if (cgroup.addr === root.addr) continue;
    const refs = kernel.view('percpu_ref_data', cgroup.ptr('self.refcnt.data')).num('count');
    const csses = [...cssesOf(kernel, cgroup)].length;
    const want = 1 + children.length + sets.length + csses;
    check(exact ? refs === want : refs >= want, () => `${name()}: ${refs} references, but ${want} hold it`);
  }
  check(listed === threads, () => `css_sets list ${listed} tasks, there are ${threads}`);
}

/** Each css is listed by that of the nearest cgroup above that has one, and counts what is below it. */
function checkCsses(kernel: Kernel, cgroup: View, name: () => string, check: Report): void {
  for (const css of cssesOf(kernel, cgroup)) {
    checkList(kernel.mem, css.at('children'), 'children of a css', check);
    check(css.ptr('cgroup') === cgroup.addr, () => `${name()}: a css of another cgroup`);
    let below = 0;
    for (const inner of descendantsPre(kernel, cgroup))
      if (inner.addr !== cgroup.addr)
        for (const each of cssesOf(kernel, inner)) if (each.ptr('ss') === css.ptr('ss')) below++;
    if (css.has('nr_descendants'))
      check(
        css.num('nr_descendants') === below,
        () => `${name()}: a css counts other than ${below} below it`,
      );
  }
  const pids = cgroup.ptr('self.parent') === 0n ? null : cgroupState(kernel, cgroup, 'pids');
  if (!pids?.has('counter')) return;
  let tasks = 0;
  for (const inner of descendantsPre(kernel, cgroup))
    for (const cset of cssSets(kernel, inner)) tasks += cset.num('nr_tasks');
  check(pids.num('counter') === tasks, () => `${name()}: pids are ${pids.num('counter')}, not ${tasks}`);
}

const cssSets = (kernel: Kernel, cgroup: View): View[] =>
  [...listNodes(kernel.mem, cgroup.at('cset_links'))].map((node) =>
    kernel.view('css_set', containerOf(kernel, node, 'cgrp_cset_link', 'cset_link').ptr('cset')),
  );

/** @returns the tasks it lists */
function checkCssSet(kernel: Kernel, cset: View, cgroup: View, check: Report): number {
  checkList(kernel.mem, cset.at('tasks'), 'tasks of a css_set', check);
  let tasks = 0;
  for (const node of listNodes(kernel.mem, cset.at('tasks'))) {
    const task = containerOf(kernel, node, 'task_struct', 'cg_list');
    check(task.ptr('cgroups') === cset.addr, () => `task ${task.num('pid')} is listed by another css_set`);
    tasks++;
  }
  check(cset.ptr('dfl_cgrp') === cgroup.addr, () => 'css_set: dfl_cgrp is another cgroup');
  check(cset.num('nr_tasks') === tasks, () => `css_set: nr_tasks is ${cset.num('nr_tasks')}, not ${tasks}`);
  const own = cset.addr === kernel.object('init_css_set', 'css_set').addr ? 1 : 0;
  check(cset.num('refcount') === tasks + own, () => `css_set: refcount is not ${tasks + own}`);
  return tasks;
}
