/** What is in a world, counted in the kernel's bytes. */
import type { WorldSummary, WorldTask } from '../../protocol/api.ts';
import type { Addr } from '../../shared/brand.ts';
import { bigHouseholds, bigSize, checkBigSize } from '../kernel/big_world.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { cgroupName, cgroupParent, descendantsPre, rootCgroup } from '../kernel/objects/cgroup.ts';
import { openFds } from '../kernel/objects/files.ts';
import { vmas } from '../kernel/objects/mm.ts';
import type { View } from '../kernel/view.ts';
import { PF } from '../kernel/objects/task.ts';
import { WorldError } from '../kernel/world.ts';
import type { World } from '../kernel/world.ts';
import { visibleTasks } from '../scene/facts.ts';

const count = (walk: Iterable<unknown>): number => {
  let n = 0;
  for (const _ of walk) n++;
  return n;
};

function cgroupPath(kernel: Kernel, cgroup: View): string {
  const parent = cgroupParent(kernel, cgroup);
  if (!parent) return '/';
  return `${cgroupPath(kernel, parent).replace(/\/$/, '')}/${cgroupName(kernel, cgroup)}`;
}

/**
 * A world made from a number, from the summary of the smallest one: nothing of its size is built.
 *
 * @param small what `summarize` says of `smallestBig`, which `kernel` is
 */
export function summarizeBig(name: string, small: WorldSummary, { types }: Kernel): WorldSummary {
  const objects = bigSize(name) ?? 0;
  try {
    checkBigSize(objects, (struct) => (types.has(struct) ? types.struct(struct).size : 0));
  } catch (error) {
    if (!(error instanceof WorldError)) throw error;
    return { ...small, name, tasks: [], files: 0, vmas: 0, error: `${name}: ${error.message}` };
  }
  const tasks = bigHouseholds(objects).map(({ pid, ...facts }): WorldTask => ({
    pid,
    tgid: pid,
    kthread: false,
    ...facts,
  }));
  const sum = (of: (task: WorldTask) => number): number => tasks.reduce((all, task) => all + of(task), 0);
  return { ...small, name, tasks, files: sum(({ files }) => files), vmas: sum(({ vmas: areas }) => areas) };
}

export function summarize(name: string, world: World, kernel: Kernel): WorldSummary {
  const facts = visibleTasks(kernel);
  const byAddr = new Map(facts.map((f) => [f.task.addr, f]));
  const files = new Set<Addr>();
  const mms = new Map<Addr, number>();
  const tasks = facts.map((f): WorldTask => {
    const table = f.task.deref('files');
    const open = table ? [...openFds(kernel, table)] : [];
    for (const { file } of open) files.add(file.addr);
    const mm = f.task.deref('mm');
    if (mm && !mms.has(mm.addr)) mms.set(mm.addr, count(vmas(kernel, mm)));
    return {
      pid: f.pid,
      tgid: f.tgid,
      ppid: byAddr.get(f.parent)?.tgid ?? 0,
      comm: f.comm,
      kthread: (f.task.num('flags') & PF.KTHREAD) !== 0,
      files: open.length,
      vmas: mm ? (mms.get(mm.addr) ?? 0) : 0,
    };
  });
  const reader = facts.find((f) => f.task.addr === kernel.current)?.pid ?? 0;
  const vmaCount = [...mms.values()].reduce((sum, n) => sum + n, 0);
  const cgroups = [...descendantsPre(kernel, rootCgroup(kernel))].map((cgroup) => cgroupPath(kernel, cgroup));
  return {
    name,
    release: world.release,
    tasks,
    files: files.size,
    vmas: vmaCount,
    reader,
    cgroups,
    error: '',
  };
}
