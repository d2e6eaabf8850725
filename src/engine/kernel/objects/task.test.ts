import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import kernelBtf from 'virtual:kernel-btf';
import { describe, expect, test } from 'vitest';
import { Btf } from '../../btf/parse.ts';
import { buildWorld } from '../build_world.ts';
import { checkImage } from '../check_image.ts';
import type { Kernel } from '../kernel.ts';
import type { View } from '../view.ts';
import { parseWorldText } from '../world.ts';
import { initialNamespace } from './namespace.ts';
import { fileAtFd, openFds } from './files.ts';
import { fput, onRelease } from './file.ts';
import { findVma, mapVmas, unmapVmas, VM, vmas } from './mm.ts';
import { findTaskByPidNs, nextPid } from './pid.ts';
import { children, nextThread, threads } from './task.ts';
import { cloneTask } from './task_clone.ts';
import { exitTask, isReapable, reapTask } from './task_exit.ts';

const demo = readFileSync(join(import.meta.dirname, '../../../../app/worlds/demo.json'), 'utf8');
const btf = Btf.parse(kernelBtf);
const machine = (): Kernel => buildWorld(parseWorldText(demo), { btf });
const find = (kernel: Kernel, tid: number): View | null =>
  findTaskByPidNs(kernel, tid, initialNamespace(kernel, 'pid'));
const task = (kernel: Kernel, tid: number): View => find(kernel, tid) as View;
const pids = (tasks: Iterable<View>): number[] => [...tasks].map((each) => each.num('pid'));
const filesOf = (owner: View): View => owner.deref('files') as View;
const mmOf = (owner: View): View => owner.deref('mm') as View;

describe('clone', () => {
  test('fork gives the child tables of its own with the same files in them', () => {
    const kernel = machine();
    const shell = task(kernel, 731);
    const child = cloneTask(kernel, shell);
    expect(filesOf(child).addr).not.toBe(filesOf(shell).addr);
    expect([...openFds(kernel, filesOf(child))].map(({ fd, file }) => [fd, file.addr])).toEqual(
      [...openFds(kernel, filesOf(shell))].map(({ fd, file }) => [fd, file.addr]),
    );
    expect(mmOf(child).addr).not.toBe(mmOf(shell).addr);
    expect(mmOf(child).num('map_count')).toBe(mmOf(shell).num('map_count'));
    expect(pids(children(kernel, shell))).toContain(child.num('pid'));
    expect(checkImage(kernel)).toEqual([]);
  });

  test('a thread joins its group at the end and shares what the group has', () => {
    const kernel = machine();
    const server = task(kernel, 412);
    const thread = cloneTask(kernel, server, { thread: true, pids: [4000] });
    expect(thread.num('tgid')).toBe(412);
    expect(pids(threads(kernel, server))).toEqual([412, 413, 414, 415, 416, 4000]);
    expect(nextThread(kernel, thread)).toBeNull();
    expect(filesOf(thread).addr).toBe(filesOf(server).addr);
    expect(checkImage(kernel)).toEqual([]);
  });

  test('a child of a container has a number in both pid namespaces', () => {
    const kernel = machine();
    const child = cloneTask(kernel, task(kernel, 911));
    const inner = (task(kernel, 911).deref('nsproxy') as View).deref('pid_ns_for_children') as View;
    expect(nextPid(kernel, inner, 3)?.nr).toBe(3);
    expect(child.deref('thread_pid')?.num('level')).toBe(1);
    expect(checkImage(kernel)).toEqual([]);
  });
});

describe('exit', () => {
  test('a process is a zombie until it is reaped, then its number is free', () => {
    const kernel = machine();
    const used = kernel.mem.used;
    exitTask(kernel, task(kernel, 841), 0);
    expect(task(kernel, 841).ptr('files')).toBe(0n);
    expect(checkImage(kernel)).toEqual([]);
    reapTask(kernel, task(kernel, 841));
    expect(find(kernel, 841)).toBeNull();
    expect(checkImage(kernel)).toEqual([]);
    expect(kernel.mem.used).toBe(used);
  });

  test('children of the dead go to init, those in a container to its init', () => {
    const kernel = machine();
    exitTask(kernel, task(kernel, 602), 0);
    expect(task(kernel, 731).deref('real_parent')?.num('pid')).toBe(1);
    const grandchild = cloneTask(kernel, task(kernel, 914));
    exitTask(kernel, task(kernel, 914), 0);
    expect(grandchild.deref('real_parent')?.num('pid')).toBe(911);
    expect(checkImage(kernel)).toEqual([]);
  });

  test('a leader whose threads live on cannot be reaped; the last thread leaves nothing behind', () => {
    const kernel = machine();
    const leader = task(kernel, 412);
    exitTask(kernel, leader, 0);
    expect(isReapable(leader)).toBe(false);
    expect(checkImage(kernel)).toEqual([]);
    for (const tid of [413, 414, 415, 416]) exitTask(kernel, task(kernel, tid), 0);
    expect(find(kernel, 413)).toBeNull();
    expect(isReapable(leader)).toBe(true);
    reapTask(kernel, leader);
    expect(checkImage(kernel)).toEqual([]);
  });
});

test('what stands behind a file is released with its last reference', () => {
  const kernel = machine();
  const file = fileAtFd(kernel, filesOf(task(kernel, 912 - 1)), 1) as View;
  const released: bigint[] = [];
  onRelease(kernel, 'pipefifo_fops', (gone) => released.push(gone.addr));
  const { addr } = file;
  for (let left = file.num('f_count'); left > 1; left--) fput(kernel, file);
  expect(released).toEqual([]);
  fput(kernel, file);
  expect(released).toEqual([addr]);
});

test('VMAs are found by address while they come and go, however many there are', () => {
  const kernel = machine();
  const mm = mmOf(task(kernel, 731));
  const before = mm.num('map_count');
  const at = (i: number): bigint => 0x7000_0000_0000n + BigInt(i) * 0x3000n;
  mapVmas(
    kernel,
    mm,
    Array.from({ length: 500 }, (_, i) => ({
      start: at(i),
      end: at(i) + 0x1000n,
      flags: VM.READ,
      pgoff: 0n,
      file: null,
      ops: '',
      special: '',
    })),
  );
  expect(mm.num('map_count')).toBe(before + 500);
  expect(findVma(kernel, mm, at(77) + 0x1000n)?.big('vm_start')).toBe(at(78));
  unmapVmas(
    kernel,
    mm,
    [...vmas(kernel, mm)].filter((vma) => vma.big('vm_start') >= at(0) && vma.big('vm_start') < at(499)),
  );
  expect(findVma(kernel, mm, at(77))?.big('vm_start')).toBe(at(499));
  expect(checkImage(kernel)).toEqual([]);
});

test.each([
  [
    'a wrong count',
    (kernel: Kernel) => filesOf(task(kernel, 731)).set('count', 1),
    /files_struct\.count is 1/,
  ],
  [
    'a lost thread',
    (kernel: Kernel) => task(kernel, 412).deref('signal')?.set('nr_threads', 4),
    /nr_threads is not 5/,
  ],
  [
    'a foreign VMA',
    (kernel: Kernel) => findVma(kernel, mmOf(task(kernel, 731)), 0n)?.set('vm_mm', 0n),
    /another mm/,
  ],
  [
    'a wrong number',
    (kernel: Kernel) => task(kernel, 840).deref('thread_pid')?.set('numbers[0].nr', 839),
    /another number/,
  ],
])('the image check notices %s', (_, damage, complaint) => {
  const kernel = machine();
  damage(kernel);
  expect(checkImage(kernel).join('\n')).toMatch(complaint);
});
