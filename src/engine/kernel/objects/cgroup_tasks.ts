/**
 * Who is in a cgroup, as cgroup.procs, cgroup.threads and bpf_iter_css_task list it.
 *
 * A thread that has ended is no longer listed. Its process is as long as another thread lives, after those whose
 * leader lives.
 *
 *     css_set: tasks  a, a's thread, b  |  dying: c, whose threads live on
 *
 * Source: kernel/cgroup/cgroup.c, Linux 6.12.
 */
import type { Kernel } from '../kernel.ts';
import { containerOf, listNodes } from '../list.ts';
import type { View } from '../view.ts';
import { isGroupLeader } from './task.ts';

/** The css_sets of a cgroup, each with what is on its list of tasks. */
function* taskLists(kernel: Kernel, cgroup: View): Generator<View[]> {
  for (const node of listNodes(kernel.mem, cgroup.at('cset_links'))) {
    const cset = kernel.view('css_set', containerOf(kernel, node, 'cgrp_cset_link', 'cset_link').ptr('cset'));
    yield Array.from(listNodes(kernel.mem, cset.at('tasks')), (entry) =>
      containerOf(kernel, entry, 'task_struct', 'cg_list'),
    );
  }
}

const hasEnded = (task: View): boolean => task.num('exit_state') !== 0;

/**
 * The tasks of the cgroup itself, in the order in which they came to it.
 *
 * @param processes only the leader of each process
 * @kernel css_task_iter_next, kernel/cgroup/cgroup.c
 * @fidelity partial: leaders that died are told by their state and have no list; no threaded cgroups
 */
export function memberTasks(kernel: Kernel, cgroup: View, processes: boolean): View[] {
  return [...taskLists(kernel, cgroup)].flatMap((tasks) => {
    const alive = tasks.filter((task) => !hasEnded(task));
    if (!processes) return alive;
    const dying = tasks.filter((task) => hasEnded(task) && (task.deref('signal')?.num('live') ?? 0) > 0);
    return [...alive, ...dying].filter(isGroupLeader);
  });
}
