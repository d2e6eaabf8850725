/** Maps of devices, processors, sockets and inodes from user space; what maps take of memory. */
import { expect, test } from 'vitest';
import { fail } from '../../shared/errno.ts';
import type { MapTypeName } from '../abi/uapi.ts';
import { mapAttr } from '../testing/map_attr.ts';
import { machineOf } from '../testing/recorded_machine.ts';
import type { MapCreateAttr } from './map_cmds.ts';
import { readFdinfo } from './fdinfo.ts';

const { kernel, sys, bpf } = machineOf('map_list');
const EXIT = [
  { code: 0xb7, dst: 0, src: 0, off: 0, imm: 2 },
  { code: 0x95, dst: 0, src: 0, off: 0, imm: 0 },
];
const create = (type: MapTypeName, over: Partial<MapCreateAttr> = {}): number =>
  bpf.mapCreate(mapAttr(type, over));
const xdp = (expectedAttachType: number): number =>
  bpf.progLoad({
    type: 6,
    expectedAttachType,
    insns: EXIT,
    license: 'GPL',
    name: 'end',
    flags: 0,
    attachBtfId: 0,
    progBtfFd: 0,
    funcInfo: [],
    lineInfo: [],
    logLevel: 0,
  }).ret;
const u32 = (...numbers: number[]): Uint8Array => new Uint8Array(Uint32Array.from(numbers).buffer);
const DEVMAP = 33;
const CPUMAP = 35;
const LO = 1;
const refs = (fd: number): number => {
  const prog = sys.fds.get('prog', fd);
  return typeof prog === 'number' ? prog : prog.aux.num('refcnt');
};
const idOf = (fd: number): number => {
  const info = bpf.objInfo(fd);
  return typeof info === 'number' ? info : info.id;
};

test('a device map holds devices by number and programs by fd, and gives back ids', () => {
  const fd = create('DEVMAP', { valueSize: 8 });
  const end = xdp(DEVMAP);
  expect(bpf.mapUpdate(fd, u32(1), u32(LO, end), 0)).toBe(0);
  expect(bpf.mapLookup(fd, u32(1))).toEqual(u32(LO, idOf(end)));
  expect(refs(end)).toBe(2);
  expect(bpf.mapUpdate(fd, u32(1), u32(LO, 0), 0)).toBe(0);
  expect(refs(end)).toBe(1);
  expect([bpf.mapLookup(fd, u32(2)), bpf.mapLookup(fd, u32(4))]).toEqual([fail('ENOENT'), fail('ENOENT')]);
  const wrong = [
    bpf.mapUpdate(fd, u32(4), u32(LO, 0), 0),
    bpf.mapUpdate(fd, u32(0), u32(LO, 0), 1),
    bpf.mapUpdate(fd, u32(0), u32(99, 0), 0),
    bpf.mapUpdate(fd, u32(0), u32(LO, xdp(CPUMAP)), 0),
    bpf.mapUpdate(fd, u32(0), u32(0, end), 0),
    bpf.mapDelete(fd, u32(4)),
  ];
  expect(wrong).toEqual(
    ['E2BIG', 'EEXIST', 'EINVAL', 'EINVAL', 'EINVAL', 'EINVAL'].map((name) => fail(name as 'EINVAL')),
  );
  expect([bpf.mapDelete(fd, u32(1)), bpf.mapLookup(fd, u32(1)), bpf.mapDelete(fd, u32(1))]).toEqual([
    0,
    fail('ENOENT'),
    0,
  ]);
  expect(readFdinfo(sys, fd)).toContain('map_flags:\t0x80\n');
});

test('a device map by key has elements only where some were stored', () => {
  const fd = create('DEVMAP_HASH', { maxEntries: 2 });
  expect(bpf.mapUpdate(fd, u32(1000), u32(LO), 0)).toBe(0);
  expect(bpf.mapUpdate(fd, u32(1002), u32(LO), 1)).toBe(0);
  expect(bpf.mapUpdate(fd, u32(1002), u32(LO), 1)).toBe(fail('EEXIST'));
  expect(bpf.mapUpdate(fd, u32(7), u32(LO), 0)).toBe(fail('E2BIG'));
  expect(bpf.mapUpdate(fd, u32(7), u32(0), 0)).toBe(fail('EINVAL'));
  expect([
    bpf.mapGetNextKey(fd, null),
    bpf.mapGetNextKey(fd, u32(1002)),
    bpf.mapGetNextKey(fd, u32(1000)),
  ]).toEqual([u32(1002), u32(1000), fail('ENOENT')]);
  expect([bpf.mapDelete(fd, u32(1000)), bpf.mapDelete(fd, u32(1000))]).toEqual([0, fail('ENOENT')]);
});

test('a processor map has queues for processors that there are', () => {
  const fd = create('CPUMAP', { valueSize: 8 });
  const end = xdp(CPUMAP);
  expect(bpf.mapUpdate(fd, u32(0), u32(192, end), 0)).toBe(0);
  expect(bpf.mapLookup(fd, u32(0))).toEqual(u32(192, idOf(end)));
  expect(bpf.mapUpdate(fd, u32(1), u32(192, 0), 0)).toBe(fail('ENODEV'));
  expect(bpf.mapUpdate(fd, u32(0), u32(16_385, 0), 0)).toBe(fail('EOVERFLOW'));
  bpf.close(fd);
  expect(refs(end)).toBe(1);
});

test('arrays of sockets take none of the sockets there are here', () => {
  const xsk = create('XSKMAP');
  expect(bpf.mapLookup(xsk, u32(0))).toBe(fail('EOPNOTSUPP'));
  expect(bpf.mapUpdate(xsk, u32(0), u32(999), 0)).toBe(fail('EBADF'));
  const group = create('REUSEPORT_SOCKARRAY');
  expect(bpf.mapLookup(group, u32(0))).toBe(fail('ENOSPC'));
  expect([bpf.mapDelete(group, u32(0)), bpf.mapDelete(group, u32(4))]).toEqual([
    fail('ENOENT'),
    fail('E2BIG'),
  ]);
});

test('storage of programs on cgroups stays empty, an arena has no elements', () => {
  const storage = create('CGROUP_STORAGE', { keySize: 8, maxEntries: 0 });
  const key = u32(1, 0);
  expect([
    bpf.mapLookup(storage, key),
    bpf.mapGetNextKey(storage, null),
    bpf.mapDelete(storage, key),
  ]).toEqual([fail('ENOENT'), fail('ENOENT'), fail('EINVAL')]);
  expect([bpf.mapUpdate(storage, key, u32(1), 0), bpf.mapUpdate(storage, key, u32(1), 1)]).toEqual([
    fail('ENOENT'),
    fail('EINVAL'),
  ]);
  const arena = create('ARENA', { keySize: 0, valueSize: 0, flags: 1 << 10, mapExtra: 0x1_0000_0000n });
  expect([bpf.mapLookup(arena, null), bpf.mapGetNextKey(arena, null)]).toEqual([
    fail('EINVAL'),
    fail('EOPNOTSUPP'),
  ]);
});

test.for<[MapTypeName, object, string, number]>([
  ['PERF_EVENT_ARRAY', {}, 'bpf_array', 4 * 8],
  ['DEVMAP', {}, 'bpf_dtab', 4 * 8],
  ['HASH', { flags: 1 }, 'bpf_htab', 4 * 16 + 4 * 8],
  ['STACK_TRACE', { valueSize: 16 }, 'bpf_stack_map', 4 * 8 + 4 * (16 + 16)],
])('memlock of an empty %s', ([type, over, struct, more]) => {
  const bytes = kernel.types.struct(struct).size + more;
  expect(readFdinfo(sys, create(type, over))).toContain(`memlock:\t${bytes}\n`);
});

test('a map with elements that are made on demand grows with them', () => {
  const fd = create('HASH', { flags: 1 });
  const memlock = (): number => Number(/memlock:\t(\d+)/.exec(readFdinfo(sys, fd) ?? '')?.[1]);
  const empty = memlock();
  bpf.mapUpdate(fd, u32(1), u32(1), 0);
  expect(memlock() - empty).toBe(48 + 8 + 8 + 8);
  const trie = create('LPM_TRIE', { keySize: 8, flags: 1 });
  expect(readFdinfo(sys, trie)).toContain('memlock:\t0\n');
  bpf.mapUpdate(trie, u32(32, 1), u32(1), 0);
  expect(readFdinfo(sys, trie)).toContain(`memlock:\t${40 + 4 + 4}\n`);
});
