/**
 * cgroups made, removed, and tasks moved between them, under cgroup_mutex: while a walk has it they wait.
 *
 * Source: kernel/cgroup/cgroup.c.
 */
import type { Kernel } from '../kernel.ts';
import {
  attachTask,
  cgroupByPath,
  cgroupId,
  descendantsPre,
  firstChild,
  hasTasks,
  newCgroup,
  removeCgroup,
  rootCgroup,
} from '../objects/cgroup.ts';
import { withCgroupMutex } from '../objects/cgroup_mutex.ts';
import { threads } from '../objects/task.ts';
import type { View } from '../view.ts';
import { anyTask, Refused, taskText, unlessLate } from './change.ts';
import type { Change, Changing, Tell } from './change.ts';

function existing(kernel: Kernel, path: string): View {
  const cgroup = cgroupByPath(kernel, path);
  if (!cgroup) throw new Refused('path', `there is no cgroup ${path} at that moment (ENOENT)`);
  return cgroup;
}

function create(kernel: Kernel, change: Change<'cgroup_create'>): string {
  const { path } = change;
  if (cgroupByPath(kernel, path)) throw new Refused('path', `cgroup ${path} is there already (EEXIST)`);
  const cut = path.lastIndexOf('/');
  const parent = existing(kernel, cut === 0 ? '/' : path.slice(0, cut));
  const used = [...descendantsPre(kernel, rootCgroup(kernel))].map(cgroupId);
  const id = change.id === undefined ? used.reduce((a, b) => (a > b ? a : b), 0n) + 1n : BigInt(change.id);
  if (used.includes(id)) throw new Refused('id', `${id} is the id of another cgroup`);
  newCgroup(kernel, parent, { name: path.slice(cut + 1), id });
  return `cgroup ${path} was made`;
}

function remove(kernel: Kernel, change: Change<'cgroup_remove'>): string {
  const cgroup = existing(kernel, change.path);
  if (cgroup.addr === rootCgroup(kernel).addr) throw new Refused('path', 'the root cannot be removed');
  if (firstChild(kernel, cgroup) || hasTasks(kernel, cgroup))
    throw new Refused('path', `cgroup ${change.path} has tasks or cgroups in it (EBUSY)`);
  removeCgroup(kernel, cgroup);
  return `cgroup ${change.path} was removed`;
}

/** The whole process moves, as by a write to cgroup.procs. */
function move(kernel: Kernel, change: Change<'cgroup_move'>): string {
  const task = anyTask(kernel, change.pid);
  const cgroup = existing(kernel, change.path);
  for (const thread of threads(kernel, task)) attachTask(kernel, thread, cgroup);
  return `${taskText(task)} moved to cgroup ${change.path}`;
}

type CgroupChange = Change<'cgroup_create'> | Change<'cgroup_remove'> | Change<'cgroup_move'>;

const underMutex =
  <C extends CgroupChange>(act: (kernel: Kernel, change: C) => string) =>
  ({ kernel }: Changing, change: C, tell: Tell): void =>
    unlessLate(
      tell,
      'cgroup_mutex',
      (run) => withCgroupMutex(kernel, run),
      () => act(kernel, change),
    );

export const cgroupCreate = underMutex(create);
export const cgroupRemove = underMutex(remove);
export const cgroupMove = underMutex(move);
