/** Maps in maps: what may stand in one, what programs and user space find there, and who holds whom. */
import { expect, test } from 'vitest';
import { EngineBug } from '../../shared/assert.ts';
import { fail } from '../../shared/errno.ts';
import type { MapTypeName } from '../abi/uapi.ts';
import type { BpfMap } from '../bpf/map.ts';
import { callHelper, placeBytes } from '../bpf/testing.ts';
import { mapAttr } from '../testing/map_attr.ts';
import { machineOf } from '../testing/recorded_machine.ts';
import type { MapCreateAttr } from './map_cmds.ts';

const { sys, bpf } = machineOf('task_all');
const create = (type: MapTypeName, over: Partial<MapCreateAttr> = {}): number =>
  bpf.mapCreate(mapAttr(type, { maxEntries: 2, ...over }));
const mapAt = (fd: number): BpfMap => {
  const map = sys.fds.get('map', fd);
  if (typeof map === 'number') throw new EngineBug(`fd ${fd} is no map`);
  return map;
};
const u32 = (n: number): Uint8Array => new Uint8Array(Uint32Array.of(n).buffer);
const OUTER = ['ARRAY_OF_MAPS', 'HASH_OF_MAPS'] as const;

test.for(OUTER)('%s: a program finds the map that user space has put there', (outer) => {
  const [first, second] = [create('ARRAY'), create('ARRAY')];
  const fd = create(outer, { innerMapFd: first });
  const found = (key: number): bigint =>
    BigInt.asUintN(64, BigInt(callHelper(sys.bpf, 1, mapAt(fd).addr, placeBytes(sys.bpf, u32(key)))));
  const refs = (inner: number): number => mapAt(inner).view.num('refcnt');
  expect([found(0), found(7)]).toEqual([0n, 0n]);
  expect(bpf.mapUpdate(fd, u32(1), u32(second), 0)).toBe(0);
  expect([found(1), refs(second)]).toEqual([mapAt(second).addr, 2]);
  expect(bpf.mapUpdate(fd, u32(1), u32(first), 0)).toBe(0);
  expect([found(1), refs(second), refs(first)]).toEqual([mapAt(first).addr, 1, 2]);
  expect(bpf.mapDelete(fd, u32(1))).toBe(0);
  expect([found(1), refs(first), bpf.mapDelete(fd, u32(1))]).toEqual([0n, 1, fail('ENOENT')]);
});

test('a hash of maps obeys flags and its size, an array of maps takes no flags', () => {
  const inner = create('ARRAY');
  const hash = create('HASH_OF_MAPS', { innerMapFd: inner });
  const put = (fd: number, key: number, flags: number): number =>
    bpf.mapUpdate(fd, u32(key), u32(inner), flags);
  expect([put(hash, 1, 2), put(hash, 1, 1), put(hash, 1, 1), put(hash, 1, 2)]).toEqual([
    fail('ENOENT'),
    0,
    fail('EEXIST'),
    0,
  ]);
  expect([put(hash, 2, 0), put(hash, 3, 0), put(hash, 3, 3)]).toEqual([0, fail('E2BIG'), fail('EINVAL')]);
  const array = create('ARRAY_OF_MAPS', { innerMapFd: inner });
  expect([put(array, 0, 1), put(array, 2, 0), put(array, 0, 0)]).toEqual([fail('EINVAL'), fail('E2BIG'), 0]);
});

test.for<[MapTypeName, object, object, boolean]>([
  ['ARRAY', {}, {}, true],
  ['ARRAY', {}, { maxEntries: 3 }, false],
  ['ARRAY', { flags: 1 << 12 }, { flags: 1 << 12, maxEntries: 3 }, true],
  ['ARRAY', {}, { flags: 1 << 10 }, false],
  ['ARRAY', {}, { valueSize: 8 }, false],
  ['PERCPU_ARRAY', {}, { maxEntries: 3 }, true],
  ['HASH', {}, { maxEntries: 3 }, true],
  ['HASH', {}, { keySize: 8 }, false],
])('made with %s %o, a map takes one with %o: %d', ([type, like, other, fits]) => {
  const fd = create('ARRAY_OF_MAPS', { innerMapFd: create(type, like) });
  expect(bpf.mapUpdate(fd, u32(0), u32(create(type, other)), 0)).toBe(fits ? 0 : fail('EINVAL'));
});

test('maps of maps, arrays of programs and what is no map cannot be in one', () => {
  const inner = create('ARRAY');
  expect(create('ARRAY_OF_MAPS', { innerMapFd: create('HASH_OF_MAPS', { innerMapFd: inner }) })).toBe(
    fail('EINVAL'),
  );
  expect(create('HASH_OF_MAPS', { innerMapFd: create('PROG_ARRAY') })).toBe(fail('ENOTSUPP'));
  expect(create('HASH_OF_MAPS', { innerMapFd: 999 })).toBe(fail('EBADF'));
});
