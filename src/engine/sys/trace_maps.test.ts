/** Maps that hold stacks, perf events and cgroups: made by user space, used by programs. */
import { expect, test } from 'vitest';
import { fail } from '../../shared/errno.ts';
import type { NegErrno } from '../../shared/errno.ts';
import type { MapTypeName } from '../abi/uapi.ts';
import { PerfEventArrayMap } from '../bpf/maps/perf_event_array.ts';
import { callHelper, placeBytes } from '../bpf/testing.ts';
import { symbolText } from '../bpf/vsnprintf.ts';
import { mapAttr } from '../testing/map_attr.ts';
import { machineOf } from '../testing/recorded_machine.ts';
import type { MapCreateAttr } from './map_cmds.ts';

const { kernel, sys, bpf } = machineOf('task_all');

const create = (type: MapTypeName, over: Partial<MapCreateAttr> = {}): number =>
  bpf.mapCreate(mapAttr(type, { maxEntries: 2, name: type.toLowerCase().slice(0, 15), ...over }));
const mapAt = (fd: number) => {
  const map = sys.fds.get('map', fd);
  if (typeof map === 'number') throw new Error(`fd ${fd} is no map`);
  return map;
};
const u32 = (n: number): Uint8Array => new Uint8Array(Uint32Array.of(n).buffer);

test.for<[string, object, NegErrno]>([
  ['a value of half an address', { valueSize: 12 }, fail('EINVAL')],
  ['more frames than the kernel walks', { valueSize: 128 * 8 }, fail('EINVAL')],
  ['a flag it does not know', { valueSize: 8, flags: 1 }, fail('EINVAL')],
  ['build ids of the wrong size', { valueSize: 40, flags: 1 << 5 }, fail('EINVAL')],
])('a map of stacks cannot be created with %s', ([, over, errno]) => {
  expect(create('STACK_TRACE', over)).toBe(errno);
});

test('the same stack has the same number, and user space reads its addresses', () => {
  const fd = create('STACK_TRACE', { valueSize: 8 * 20, maxEntries: 100 });
  const map = mapAt(fd).addr;
  const id = callHelper(sys.bpf, 27, 0n, map, 0);
  expect(id).toBeGreaterThanOrEqual(0);
  expect(callHelper(sys.bpf, 27, 0n, map, 0)).toBe(id);
  const shorter = callHelper(sys.bpf, 27, 0n, map, 1);
  expect(shorter).not.toBe(id);
  const value = bpf.mapLookup(fd, u32(id));
  if (typeof value === 'number') throw new Error('no stack');
  const addresses = new BigUint64Array(value.slice().buffer);
  expect(symbolText(kernel.symbols, addresses[1] ?? 0n, 's')).toBe('bpf_iter_run_prog');
  expect(addresses.at(-1)).toBe(0n);
  const keys = [bpf.mapGetNextKey(fd, null), bpf.mapGetNextKey(fd, u32(Math.min(id, shorter)))];
  expect(keys).toEqual([u32(Math.min(id, shorter)), u32(Math.max(id, shorter))]);
  expect([bpf.mapDelete(fd, u32(id)), bpf.mapDelete(fd, u32(id))]).toEqual([0, fail('ENOENT')]);
  expect(callHelper(sys.bpf, 27, 0n, map, 200)).toBe(fail('EFAULT'));
  expect(callHelper(sys.bpf, 27, 0n, map, 1n << 12n)).toBe(fail('EINVAL'));
});

test('bpf_get_stack zeroes what it does not fill', () => {
  const buf = placeBytes(sys.bpf, new Uint8Array(128).fill(0xff));
  const stored = callHelper(sys.bpf, 67, 0n, buf, 128, 0);
  expect(stored).toBe(8 * 7);
  expect(kernel.mem.u64(buf + BigInt(stored))).toBe(0n);
  expect(callHelper(sys.bpf, 67, 0n, buf, 12, 0)).toBe(fail('EINVAL'));
});

test('a record reaches the reader of the processor, padded as the kernel pads samples', () => {
  const map = mapAt(create('PERF_EVENT_ARRAY'));
  const data = placeBytes(sys.bpf, Uint8Array.of(1, 2, 3, 4, 5, 6, 7));
  const output = (flags: bigint) => callHelper(sys.bpf, 25, 0n, map.addr, flags, data, 7);
  expect(output(0xffff_ffffn)).toBe(fail('ENOENT'));
  if (!(map instanceof PerfEventArrayMap)) throw new Error('another kind of map');
  expect([map.open(0), map.open(1), map.open(2)]).toEqual([0, 0, fail('E2BIG')]);
  expect([output(0xffff_ffffn), output(0n)]).toEqual([0, 0]);
  expect([output(1n), output(2n), output(1n << 32n)]).toEqual([
    fail('EOPNOTSUPP'),
    fail('E2BIG'),
    fail('EINVAL'),
  ]);
  const record = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 0, 0, 0, 0, 0);
  expect(map.consume()).toEqual([record, record]);
  expect(map.consume()).toEqual([]);
});

test('a program asks whether the reader is in a cgroup', () => {
  const fd = create('CGROUP_ARRAY');
  const ask = (index: number) => callHelper(sys.bpf, 37, mapAt(fd).addr, index);
  expect([ask(0), ask(2)]).toEqual([fail('EAGAIN'), fail('E2BIG')]);
  expect(bpf.mapUpdate(fd, u32(0), u32(bpf.openDirectory('/sys/fs/cgroup')), 0)).toBe(0);
  expect(ask(0)).toBe(1);
  expect([bpf.mapLookup(fd, u32(0)), bpf.mapUpdate(fd, u32(1), u32(77), 0)]).toEqual([
    fail('ENOTSUPP'),
    fail('EBADF'),
  ]);
  expect([bpf.mapDelete(fd, u32(0)), bpf.mapDelete(fd, u32(0))]).toEqual([0, fail('ENOENT')]);
  expect(ask(0)).toBe(fail('EAGAIN'));
});

test('user space reads ids from maps of maps', () => {
  const inner = create('ARRAY');
  const outer = create('ARRAY_OF_MAPS', { innerMapFd: inner });
  expect(bpf.mapLookup(outer, u32(0))).toBe(fail('ENOENT'));
  expect(bpf.mapUpdate(outer, u32(1), u32(inner), 0)).toBe(0);
  expect(bpf.mapLookup(outer, u32(1))).toEqual(u32(mapAt(inner).id));
});
