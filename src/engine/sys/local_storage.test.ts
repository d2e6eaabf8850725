/** Values on tasks, cgroups and sockets, seen by programs through helpers and by user space through fds. */
import { expect, test } from 'vitest';
import { must } from '../../shared/assert.ts';
import { fail } from '../../shared/errno.ts';
import type { NegErrno } from '../../shared/errno.ts';
import { MapType } from '../abi/uapi.ts';
import type { MapTypeName } from '../abi/uapi.ts';
import { BtfBuilder } from '../btf/build.ts';
import { INT_SIGNED, Kind } from '../btf/types.ts';
import { LocalStorageMap } from '../bpf/maps/local_storage.ts';
import { callHelper } from '../bpf/testing.ts';
import { rootCgroup } from '../kernel/objects/cgroup.ts';
import { findPidNs, findTaskByPidNs } from '../kernel/objects/pid.ts';
import { putTask } from '../kernel/objects/task_exit.ts';
import { getRef } from '../kernel/objects/refs.ts';
import { openPidfd } from '../vfs/pidfd.ts';
import { machineOf } from '../testing/recorded_machine.ts';

const { kernel, sys, bpf } = machineOf('task_all');
const ns = kernel.object('init_pid_ns', 'pid_namespace');
const task = (pid: number) => must(findTaskByPidNs(kernel, pid, ns), `task ${pid}`);
const builder = new BtfBuilder();
const int = builder.add({
  kind: Kind.INT,
  name: 'int',
  size: 4,
  encoding: INT_SIGNED,
  bits: 32,
  bitOffset: 0,
});
const long = builder.add({
  kind: Kind.INT,
  name: 'long',
  size: 8,
  encoding: INT_SIGNED,
  bits: 64,
  bitOffset: 0,
});
const btfFd = bpf.btfLoad(builder.encode());
const NO_PREALLOC = 1;

const create = (type: MapTypeName, over: object = {}): number =>
  bpf.mapCreate({
    type: MapType[type],
    keySize: 4,
    valueSize: 8,
    maxEntries: 0,
    flags: NO_PREALLOC,
    mapExtra: 0n,
    numaNode: 0,
    name: 'store',
    btfFd,
    btfKeyTypeId: int,
    btfValueTypeId: long,
    innerMapFd: 0,
    ...over,
  });
const mapAt = (fd: number) => {
  const map = sys.fds.get('map', fd);
  if (typeof map === 'number') throw new Error(`fd ${fd} is no map`);
  return map;
};
const elements = (fd: number): number => {
  const map = mapAt(fd);
  return map instanceof LocalStorageMap ? [...map.elements()].length : -1;
};
const u32 = (n: number): Uint8Array => new Uint8Array(Uint32Array.of(n).buffer);
const u64 = (n: number): Uint8Array => new Uint8Array(BigUint64Array.of(BigInt(n)).buffer);
const CREATE = 1;

test.for<[string, object, NegErrno]>([
  ['elements that are made beforehand', { flags: 0 }, fail('EINVAL')],
  ['a number of elements', { maxEntries: 4 }, fail('EINVAL')],
  ['a key that is no fd', { keySize: 8 }, fail('EINVAL')],
  ['no types', { btfFd: 0, btfKeyTypeId: 0, btfValueTypeId: 0 }, fail('EINVAL')],
  ['a flag of sockets only', { flags: NO_PREALLOC | 0x200 }, fail('EINVAL')],
])('storage cannot be created with %s', ([, over, errno]) => {
  expect(create('TASK_STORAGE', over)).toBe(errno);
});

test('a program makes a value on a task, finds it again and deletes it', () => {
  const map = mapAt(create('TASK_STORAGE')).addr;
  const get = (pid: number, flags: number) => callHelper(sys.bpf, 156, map, task(pid).addr, 0, flags);
  expect(get(1, 0)).toBe(0);
  const value = get(1, CREATE);
  expect(value).not.toBe(0);
  expect([get(1, CREATE), get(1, 0), get(2, 0)]).toEqual([value, value, 0]);
  expect(get(1, 2)).toBe(0);
  const drop = (addr: bigint) => callHelper(sys.bpf, 157, map, addr);
  expect([drop(task(1).addr), drop(task(1).addr), drop(0n)]).toEqual([0, fail('ENOENT'), fail('EINVAL')]);
});

test('user space names the task by a pidfd, the cgroup by its directory', () => {
  const fd = create('TASK_STORAGE');
  const pid = must(findPidNs(kernel, 1, ns), 'pid 1');
  const key = u32(openPidfd(kernel, sys.fds.task, pid));
  expect(bpf.mapLookup(fd, key)).toBe(fail('ENOENT'));
  expect(bpf.mapUpdate(fd, key, u64(7), 2)).toBe(fail('ENOENT'));
  expect([bpf.mapUpdate(fd, key, u64(7), 1), bpf.mapUpdate(fd, key, u64(8), 1)]).toEqual([0, fail('EEXIST')]);
  expect(bpf.mapLookup(fd, key)).toEqual(u64(7));
  expect(
    kernel.mem.u64(BigInt.asUintN(64, BigInt(callHelper(sys.bpf, 156, mapAt(fd).addr, task(1).addr, 0, 0)))),
  ).toBe(7n);
  expect([bpf.mapLookup(fd, u32(999)), bpf.mapGetNextKey(fd, null)]).toEqual([
    fail('EBADF'),
    fail('ENOTSUPP'),
  ]);
  expect([bpf.mapDelete(fd, key), bpf.mapDelete(fd, key)]).toEqual([0, fail('ENOENT')]);

  const cgroups = create('CGRP_STORAGE');
  const dir = u32(bpf.openDirectory('/sys/fs/cgroup'));
  expect(bpf.mapUpdate(cgroups, dir, u64(9), 0)).toBe(0);
  const at = callHelper(sys.bpf, 210, mapAt(cgroups).addr, rootCgroup(kernel).addr, 0, 0);
  expect(kernel.mem.u64(BigInt.asUintN(64, BigInt(at)))).toBe(9n);
  expect(bpf.mapUpdate(cgroups, key, u64(9), 0)).toBe(fail('EBADF'));
});

test('values go with their owner, and with their map', () => {
  const [one, two] = [create('TASK_STORAGE'), create('TASK_STORAGE')];
  const gone = kernel.alloc('task_struct');
  gone.set('usage', 1);
  gone.set('signal', task(1).ptr('signal'));
  getRef(must(gone.deref('signal'), 'signal'), 'sigcnt');
  for (const fd of [one, two])
    expect(callHelper(sys.bpf, 156, mapAt(fd).addr, gone.addr, 0, CREATE)).not.toBe(0);
  bpf.close(one);
  expect(elements(two)).toBe(1);
  expect(gone.ptr('bpf_storage')).not.toBe(0n);
  putTask(kernel, gone);
  expect(elements(two)).toBe(0);
  bpf.close(two);
});
