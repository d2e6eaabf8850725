/** The cgroups of a world: the tree as listed, and every task where it says it is. */
import type { Kernel } from './kernel.ts';
import { attachTask, cgroupByPath, newCgroup, rootCgroup } from './objects/cgroup.ts';
import type { View } from './view.ts';
import type { World } from './world_schema.ts';

/** First id of a cgroup that the world gives none. */
const FIRST_ID = 0x100n;

/**
 * Makes the tree, parents before children; a parent that is not listed is made too.
 *
 * @param task finds a task by number
 */
export function buildCgroups(kernel: Kernel, world: World, task: (tid: number) => View): void {
  let nextId = FIRST_ID;
  const ids = new Map(world.cgroups.map(({ path, id }) => [path, id]));
  const make = (path: string): View => {
    const found = cgroupByPath(kernel, path);
    if (found) return found;
    const cut = path.lastIndexOf('/');
    const parent = cut <= 0 ? rootCgroup(kernel) : make(path.slice(0, cut));
    return newCgroup(kernel, parent, { name: path.slice(cut + 1), id: BigInt(ids.get(path) ?? nextId++) });
  };
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
