import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { must } from '../../../shared/assert.ts';
import { Btf } from '../../btf/parse.ts';
import { buildWorld } from '../build_world.ts';
import { importRecorded } from '../import_recorded.ts';
import { listNodes } from '../list.ts';
import {
  ancestorsUp,
  attachTask,
  cgroupAncestor,
  cgroupById,
  cgroupByPath,
  cgroupName,
  descendantsPost,
  descendantsPre,
  isDescendant,
  rootCgroup,
  taskCgroup,
} from './cgroup.ts';
import { findTaskByPidNs } from './pid.ts';

const recorded = join(import.meta.dirname, '../../../../recorded/linux-6.12');
const btf = Btf.parse(gunzipSync(readFileSync(join(recorded, 'kernel/vmlinux.btf.gz'))));
const snapshot = JSON.parse(readFileSync(join(recorded, 'worlds/progs1.json'), 'utf8')) as {
  cgroups: { path: string; id: number; level: number; stat: string; procs: string }[];
};
const kernel = buildWorld(importRecorded(snapshot), { btf });
const initial = kernel.object('init_pid_ns', 'pid_namespace');
const at = (path: string) => must(cgroupByPath(kernel, path), path);
const task = (pid: number) => must(findTaskByPidNs(kernel, pid, initial), `task ${pid}`);

test('every recorded cgroup has its id, level and number of descendants', () => {
  const seen = snapshot.cgroups.map(({ path, id, stat }) => {
    const cgroup = at(path);
    expect(cgroupById(kernel, BigInt(id))?.addr).toBe(cgroup.addr);
    return [path, cgroup.num('level'), `nr_descendants ${cgroup.num('nr_descendants')}`, stat.split('\n')[0]];
  });
  expect(seen).toEqual(
    snapshot.cgroups.map(({ path, level, stat }) => [path, level, stat.split('\n')[0], stat.split('\n')[0]]),
  );
});

test('every recorded process is in its cgroup', () => {
  for (const { path, procs } of snapshot.cgroups)
    for (const pid of procs.split('\n').filter((line) => line !== ''))
      expect(taskCgroup(task(Number(pid)))?.addr).toBe(at(path).addr);
});

test('before a cgroup come its ancestors, or its descendants', () => {
  const names = (walk: Iterable<ReturnType<typeof at>>) =>
    Array.from(walk, (cgroup) => cgroupName(kernel, cgroup));
  const pre = names(descendantsPre(kernel, at('/lab')));
  expect(pre[0]).toBe('lab');
  expect(names(descendantsPost(kernel, at('/lab'))).at(-1)).toBe('lab');
  expect(pre.toSorted()).toEqual(names(descendantsPost(kernel, at('/lab'))).toSorted());
  expect(names(ancestorsUp(kernel, at('/lab/a/a2/deep')))).toEqual(['deep', 'a2', 'a', 'lab', '']);
  expect(cgroupAncestor(kernel, at('/lab/a/a2'), 1)?.addr).toBe(at('/lab').addr);
  expect(cgroupAncestor(kernel, at('/lab'), 2)).toBeNull();
  expect(isDescendant(kernel, at('/lab/a'), at('/lab'))).toBe(true);
  expect(isDescendant(kernel, at('/lab'), at('/lab/a'))).toBe(false);
});

test('a task that moves leaves one css_set and enters another', () => {
  const tasksOf = (path: string) => {
    const cset = must(task(2).deref('cgroups'), 'css_set');
    return (
      [...listNodes(kernel.mem, cset.at('tasks'))].length === cset.num('nr_tasks') &&
      taskCgroup(task(2))?.addr === at(path).addr
    );
  };
  expect(tasksOf('/')).toBe(true);
  attachTask(kernel, task(2), at('/lab/a'));
  expect(tasksOf('/lab/a')).toBe(true);
  attachTask(kernel, task(2), rootCgroup(kernel));
  expect(tasksOf('/')).toBe(true);
});

test('a cgroup counts the children that have tasks anywhere below them', () => {
  const full = (path: string) => at(path).num('nr_populated_domain_children');
  expect(['/', '/lab', '/lab/a', '/lab/a/a2', '/lab/empty'].map(full)).toEqual([1, 2, 2, 1, 0]);
  attachTask(kernel, task(2), at('/lab/empty'));
  expect(full('/lab')).toBe(3);
  attachTask(kernel, task(2), rootCgroup(kernel));
  expect(full('/lab')).toBe(2);
});
