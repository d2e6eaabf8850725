/** Commands of bpf(2) on many elements at once, and those that an iterator's objects refuse. */
import { expect, test } from 'vitest';
import { fail } from '../../shared/errno.ts';
import type { MapTypeName } from '../abi/uapi.ts';
import type { LookupBatch } from './map_batch.ts';
import { mapAttr } from '../testing/map_attr.ts';
import { machineOf } from '../testing/recorded_machine.ts';
import type { MapCreateAttr } from './map_cmds.ts';

const { sys, bpf, progFd } = machineOf('task_all');
const create = (type: MapTypeName, over: Partial<MapCreateAttr> = {}): number =>
  bpf.mapCreate(mapAttr(type, { valueSize: 8, maxEntries: 16, ...over }));
const u32 = (n: number): Uint8Array => new Uint8Array(Uint32Array.of(n).buffer);
const u64 = (n: number): Uint8Array => new Uint8Array(BigUint64Array.of(BigInt(n)).buffer);
const elements = (...keys: number[]) => keys.map((key) => ({ key: u32(key), value: u64(key * 10) }));
const keysOf = (found: readonly { key: Uint8Array }[]): number[] =>
  found.map(({ key }) => new DataView(key.buffer, key.byteOffset).getUint32(0, true));

/** All elements, in batches of `count`. */
function drain(fd: number, count: number, remove = false) {
  const keys: number[] = [];
  const rets: number[] = [];
  let from: Uint8Array | null = null;
  for (let calls = 0; calls < 50; calls++) {
    const batch: LookupBatch = remove
      ? bpf.mapLookupAndDeleteBatch(fd, from, count)
      : bpf.mapLookupBatch(fd, from, count);
    keys.push(...keysOf(batch.elements));
    rets.push(batch.ret);
    if (batch.ret !== 0) break;
    from = batch.next;
  }
  return { keys, rets };
}

test('a hash map is read by whole buckets, in the order of its keys', () => {
  const fd = create('HASH');
  expect(bpf.mapUpdateBatch(fd, elements(1, 2, 3, 4, 5, 6, 7, 8))).toEqual({ ret: 0, count: 8 });
  const order: number[] = [];
  for (let key = bpf.mapGetNextKey(fd, null); typeof key !== 'number'; key = bpf.mapGetNextKey(fd, key))
    order.push(...keysOf([{ key }]));
  for (const count of [4, 8, 100]) expect(drain(fd, count).keys).toEqual(order);
  expect(drain(fd, 100).rets).toEqual([fail('ENOENT')]);
  expect(bpf.mapLookupBatch(fd, null, 0)).toMatchObject({ ret: 0, elements: [] });
  expect(bpf.mapLookupBatch(fd, u32(16), 4).ret).toBe(fail('ENOENT'));
});

test('a bucket that does not fit is an error only when nothing came before it', () => {
  const fd = create('HASH', { maxEntries: 2 });
  bpf.mapUpdateBatch(fd, elements(1, 2));
  const together = drain(fd, 2).keys.length === 2 && drain(fd, 1).rets.at(-1) === fail('ENOSPC');
  const apart = drain(fd, 1).keys.length === 2;
  expect(together || apart).toBe(true);
});

test('taking elements out leaves none behind', () => {
  const fd = create('LRU_HASH');
  bpf.mapUpdateBatch(fd, elements(1, 2, 3));
  expect(new Set(drain(fd, 16, true).keys)).toEqual(new Set([1, 2, 3]));
  expect(drain(fd, 16).keys).toEqual([]);
});

test('an array goes from key to key', () => {
  const fd = create('ARRAY', { maxEntries: 5 });
  expect(bpf.mapUpdateBatch(fd, elements(0, 4, 5, 1))).toEqual({ ret: fail('E2BIG'), count: 2 });
  expect(drain(fd, 2)).toEqual({ keys: [0, 1, 2, 3, 4], rets: [0, 0, fail('ENOENT')] });
  expect(bpf.mapDeleteBatch(fd, [u32(1)])).toEqual({ ret: fail('ENOTSUPP'), count: 0 });
  expect(bpf.mapLookupAndDeleteBatch(fd, null, 1).ret).toBe(fail('ENOTSUPP'));
});

test('deleting ends at the first key that is not there', () => {
  const fd = create('HASH');
  bpf.mapUpdateBatch(fd, elements(1, 2, 3));
  expect(bpf.mapDeleteBatch(fd, [u32(1), u32(9), u32(2)])).toEqual({ ret: fail('ENOENT'), count: 1 });
  expect(new Set(drain(fd, 16).keys)).toEqual(new Set([2, 3]));
});

test('batches respect what a map allows', () => {
  const readOnly = create('HASH', { flags: 1 << 3 });
  expect(bpf.mapUpdateBatch(readOnly, elements(1)).ret).toBe(fail('EPERM'));
  const fd = create('HASH');
  expect(bpf.mapLookupBatch(fd, null, 1, 1n).ret).toBe(fail('EINVAL'));
  expect(bpf.mapLookupBatch(fd, null, 1, 4n).ret).toBe(fail('EINVAL'));
  expect(bpf.mapLookupBatch(99, null, 1).ret).toBe(fail('EBADF'));
});

test('an element is read and taken out with one call', () => {
  const fd = create('HASH');
  bpf.mapUpdate(fd, u32(1), u64(7), 0);
  const take = (key: number) => bpf.mapLookupAndDelete(fd, u32(key));
  expect([take(1), take(1)]).toEqual([u64(7), fail('ENOENT')]);
  const queue = create('QUEUE', { keySize: 0 });
  bpf.mapUpdate(queue, null, u64(1), 0);
  bpf.mapUpdate(queue, null, u64(2), 0);
  expect(bpf.mapLookupAndDelete(queue, null)).toEqual(u64(1));
  expect(bpf.mapLookupAndDelete(queue, null, 4n)).toBe(fail('EINVAL'));
  expect(bpf.mapGetNextKey(queue, null)).toBe(fail('EINVAL'));
  expect(bpf.mapLookupAndDelete(create('ARRAY'), u32(0))).toBe(fail('ENOTSUPP'));
});

test('an iterator is no program to test, and none of its fds a perf event', () => {
  const fd = progFd();
  const runs = [bpf.progTestRun(fd), bpf.progTestRun(fd, { cpu: 1 }), bpf.progTestRun(99)];
  expect(runs.map(({ ret }) => ret)).toEqual([fail('EFAULT'), fail('EINVAL'), fail('EBADF')]);
  const pid = sys.fds.task.num('pid');
  const ask = (...args: [number, number, number?]) => bpf.taskFdQuery(...args);
  expect([ask(pid, fd), ask(pid, 99), ask(99_999, fd), ask(pid, fd, 1)]).toEqual([
    fail('ENOTSUPP'),
    fail('EBADF'),
    fail('ENOENT'),
    fail('EINVAL'),
  ]);
});
