import { describe, expect, test } from 'vitest';
import { Kind } from '../btf/types.ts';
import { mapAttr } from '../testing/map_attr.ts';
import { machineOf } from '../testing/recorded_machine.ts';
import { verify } from '../verifier/verify.ts';
import { mountBpffs } from './bpffs.ts';
import type { MapCreateAttr } from './map_cmds.ts';
import type { ProgLoadAttr, ProgLoadResult } from './prog_load.ts';

const TRACING = 26;
const TRACE_ITER = 28;
const BPF_F_SLEEPABLE = 1 << 4;

const machine = machineOf('map_list');
const { bpf, kernel } = machine;
const target = (name: string): number => kernel.btf.find(`bpf_iter_${name}`, Kind.FUNC);

/** r0 = 0; exit */
const NOTHING = [
  { code: 0xb7, dst: 0, src: 0, off: 0, imm: 0 },
  { code: 0x95, dst: 0, src: 0, off: 0, imm: 0 },
];
const attr = (more: Partial<ProgLoadAttr> = {}): ProgLoadAttr => ({
  type: TRACING,
  expectedAttachType: TRACE_ITER,
  insns: NOTHING,
  license: 'GPL',
  name: 'p',
  flags: 0,
  attachBtfId: target('task'),
  progBtfFd: 0,
  funcInfo: [],
  lineInfo: [],
  logLevel: 0,
  ...more,
});

describe('BPF_PROG_LOAD', () => {
  test.each([
    ['no instructions', { insns: [] }, -7],
    ['unknown flags', { flags: 1 << 20 }, -22],
    ['a name with a space', { name: 'my prog' }, -22],
    ['a name of 16 characters', { name: 'x'.repeat(16) }, -22],
    ['a BTF id beyond all', { attachBtfId: 0x100000 }, -22],
    ['a program type there is none of', { type: 33, attachBtfId: 0 }, -22],
    ['a BTF id for a type that takes none', { type: 2 }, -22],
    ['an attach type of another program type', { type: 9, expectedAttachType: 1, attachBtfId: 0 }, -22],
    ['a syscall program with an attach type', { type: 31, expectedAttachType: 28, attachBtfId: 0 }, -22],
    ['a BTF fd that is not open', { progBtfFd: 999 }, -9],
    ['a BTF fd that is a map', { progBtfFd: machine.mapFd('my_hash') }, -22],
  ] as const)('refuses %s', (_what, more, want) => {
    expect(bpf.progLoad(attr(more))).toEqual({ ret: want, log: '' });
  });

  test('an instruction that names no map says which fd, and what is wrong with it', () => {
    const BPF_PSEUDO_MAP_FD = 1;
    const BPF_PSEUDO_MAP_VALUE = 2;
    const naming = (fd: number, src: number, off = 0): ProgLoadAttr['insns'] => [
      { code: 0x18, dst: 1, src, off: 0, imm: fd },
      { code: 0, dst: 0, src: 0, off: 0, imm: off },
      ...NOTHING,
    ];
    const load = (insns: ProgLoadAttr['insns']): ProgLoadResult => bpf.progLoad(attr({ insns, logLevel: 1 }));
    const why = ({ ret, log }: ProgLoadResult): string => `${ret}: ${log.split('\n')[0]}`;
    const trusting = machine.sys.verify;
    Object.assign(machine.sys, { verify });
    expect(why(load(naming(999, BPF_PSEUDO_MAP_FD)))).toBe('-9: fd 999 is not pointing to valid bpf_map');
    const { ret: prog } = bpf.progLoad(attr());
    expect(why(load(naming(prog, BPF_PSEUDO_MAP_FD)))).toBe(
      `-22: fd ${prog} is not pointing to valid bpf_map`,
    );
    const several = bpf.mapCreate(mapAttr('ARRAY', { maxEntries: 3, valueSize: 8 }));
    expect(why(load(naming(several, BPF_PSEUDO_MAP_VALUE)))).toBe(
      '-524: invalid access to map value pointer, value_size=8 off=0',
    );
    const one = bpf.mapCreate(mapAttr('ARRAY', { maxEntries: 1, valueSize: 8 }));
    expect(why(load(naming(one, BPF_PSEUDO_MAP_VALUE, 8)))).toBe(
      '-22: invalid access to map value pointer, value_size=8 off=8',
    );
    expect(load(naming(one, BPF_PSEUDO_MAP_VALUE, 7)).ret).toBeGreaterThan(0);
    Object.assign(machine.sys, { verify: trusting });
  });

  test('what the verifier refuses has its errno and its log', () => {
    const { sys } = machine;
    const trusting = sys.verify;
    Object.assign(sys, {
      verify: (request: Parameters<typeof trusting>[0]) => ({
        ...trusting(request),
        ok: false,
        errno: 'EACCES',
        log: 'R1 !read_ok\n',
      }),
    });
    expect(bpf.progLoad(attr())).toEqual({ ret: -13, log: 'R1 !read_ok\n' });
    Object.assign(sys, { verify: trusting });
  });
});

describe('programs that are no iterators', () => {
  test.each([
    ['kprobe', 2, 0, 0],
    ['tracepoint', 5, 0, 0],
    ['xdp', 6, 37, 37],
    ['cgroup_sock, of old', 9, 0, 2],
    ['sk_reuseport, of old', 21, 0, 39],
  ] as const)('%s is loaded and looked at, but attached and run nowhere', (_what, type, given, expected) => {
    const { ret } = bpf.progLoad(attr({ type, expectedAttachType: given, attachBtfId: 0 }));
    expect(bpf.objInfo(ret)).toMatchObject({ kind: 'prog', type, attach_btf_id: 0 });
    const prog = machine.sys.fds.get('prog', ret);
    expect(typeof prog === 'number' ? prog : prog.view.num('expected_attach_type')).toBe(expected);
    expect(bpf.linkCreate({ progFd: ret, attachType: TRACE_ITER })).toBe(-22);
    expect(bpf.linkCreate({ progFd: ret, attachType: expected })).toBe(-95);
    expect(bpf.progTestRun(ret).ret).toBe(type === 6 ? -95 : -524);
  });

  test('what they call need not be there', () => {
    const call = [{ code: 0x85, dst: 0, src: 0, off: 0, imm: 112233 }, ...NOTHING];
    expect(bpf.progLoad(attr({ insns: call })).ret).toBe(-524);
    expect(
      bpf.progLoad(attr({ insns: call, type: 2, expectedAttachType: 0, attachBtfId: 0 })).ret,
    ).toBeGreaterThan(0);
  });
});

describe('BPF_LINK_CREATE', () => {
  test.each([
    ['task', 0],
    ['task_file', 0],
    ['task_vma', 0],
    ['ksym', 0],
    ['bpf_map', -22],
    ['bpf_prog', -22],
    ['bpf_link', -22],
    ['bpf_map_elem', -22],
    ['bpf_sk_storage_map', -22],
    ['sockmap', -22],
    ['tcp', -22],
    ['udp', -22],
    ['unix', -22],
    ['netlink', -22],
    ['ipv6_route', -22],
  ] as const)('of a sleepable program for %s', (name, want) => {
    const { ret } = bpf.progLoad(attr({ attachBtfId: target(name), flags: BPF_F_SLEEPABLE }));
    expect(ret).toBeGreaterThan(0);
    const link = bpf.linkCreate({ progFd: ret, attachType: TRACE_ITER });
    expect(Math.min(link, 0)).toBe(want);
  });

  test('a failed attach uses up a number, a refused argument does not', () => {
    const { ret: progFd } = bpf.progLoad(attr());
    const link = (iterInfo: Uint8Array | null, flags = 0): number =>
      bpf.linkCreate({ progFd, attachType: TRACE_ITER, iterInfo, flags });
    const idOf = (fd: number): number => {
      const info = bpf.linkInfo(fd);
      return typeof info === 'number' ? info : info.id;
    };
    const first = idOf(link(null));
    expect(link(null, 1)).toBe(-22);
    expect(link(new Uint8Array(Uint32Array.of(1, 1, 0).buffer))).toBe(-22);
    expect(idOf(link(null))).toBe(first + 2);
  });
});

describe('maps', () => {
  const create = (more: Partial<MapCreateAttr>): number =>
    bpf.mapCreate(mapAttr('HASH', { valueSize: 8, ...more }));
  const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);
  const KEY = bytes(1, 0, 0, 0);
  const VALUE = bytes(1, 2, 3, 4, 5, 6, 7, 8);

  test.each([
    ['an unknown type', { type: 999 }, -22],
    ['a bad name', { name: 'no/slash' }, -22],
    ['no entries', { maxEntries: 0 }, -22],
    ['types without BTF', { btfValueTypeId: 1 }, -22],
    ['map_extra', { mapExtra: 1n }, -22],
    ['read-only and write-only', { flags: (1 << 3) | (1 << 4) }, -22],
    ['an inner map that is not open', { type: 12, valueSize: 4, innerMapFd: 999 }, -9],
  ] as const)('BPF_MAP_CREATE refuses %s', (_what, more, want) => {
    expect(create(more)).toBe(want);
  });

  test('elements: update, lookup, next key, delete', () => {
    const fd = create({});
    expect(bpf.mapLookup(fd, KEY)).toBe(-2);
    expect(bpf.mapUpdate(fd, KEY, VALUE, 2)).toBe(-2);
    expect(bpf.mapUpdate(fd, KEY, VALUE, 0)).toBe(0);
    expect(bpf.mapUpdate(fd, KEY, VALUE, 1)).toBe(-17);
    expect(bpf.mapLookup(fd, KEY)).toEqual(VALUE);
    expect(bpf.mapGetNextKey(fd, null)).toEqual(KEY);
    expect(bpf.mapGetNextKey(fd, KEY)).toBe(-2);
    expect(bpf.mapDelete(fd, KEY)).toBe(0);
    expect(bpf.mapDelete(fd, KEY)).toBe(-2);
    expect(bpf.mapUpdate(fd, null, VALUE, 0)).toBe(-14);
    expect(bpf.mapUpdate(999, KEY, VALUE, 0)).toBe(-9);
  });

  test('a frozen map can be read but not changed, and is frozen once', () => {
    const fd = create({ type: 2 });
    expect(bpf.mapFreeze(fd)).toBe(0);
    expect(bpf.mapFreeze(fd)).toBe(-1);
    expect(bpf.mapUpdate(fd, KEY, VALUE, 0)).toBe(-1);
    expect(bpf.mapLookup(fd, KEY)).toEqual(new Uint8Array(8));
  });

  test('what a map is used for is what its fd was opened for', () => {
    const [RDONLY, WRONLY, PATH] = [8, 16, '/sys/fs/bpf/a_map'];
    mountBpffs(machine.sys);
    expect(create({ flags: RDONLY | WRONLY })).toBe(-22);
    const created = create({ type: 2, flags: RDONLY });
    expect(bpf.mapUpdate(created, KEY, VALUE, 0)).toBe(-1);
    expect(bpf.mapFreeze(created)).toBe(-1);
    expect(machine.sys.fds.file(created)?.num('f_flags')).toBe(0);
    bpf.objPin(created, PATH);
    expect(bpf.objGet(PATH, RDONLY | WRONLY)).toBe(-22);
    expect(bpf.mapUpdate(bpf.objGet(PATH), KEY, VALUE, 0)).toBe(0);
    const writes = bpf.objGet(PATH, WRONLY);
    expect(bpf.mapUpdate(writes, KEY, VALUE, 0)).toBe(0);
    expect(bpf.mapLookup(writes, KEY)).toBe(-1);
    expect(bpf.mapGetNextKey(writes, null)).toBe(-1);
    expect(bpf.mapLookup(bpf.objGet(PATH, RDONLY), KEY)).toEqual(VALUE);
  });

  test('a map in a map lives as long as its element', () => {
    const inner = create({ type: 2, name: 'inner' });
    const outer = create({ type: 12, valueSize: 4, innerMapFd: inner });
    const other = create({ type: 2, maxEntries: 4, name: 'other' });
    const fdBytes = (fd: number): Uint8Array => bytes(fd, 0, 0, 0);
    expect(bpf.mapUpdate(outer, KEY, fdBytes(other), 0)).toBe(0);
    const map = machine.sys.fds.get('map', other);
    const refs = (): number => (typeof map === 'number' ? map : map.view.num('refcnt'));
    expect(refs()).toBe(2);
    expect(bpf.mapDelete(outer, KEY)).toBe(0);
    expect(refs()).toBe(1);
    expect(bpf.mapUpdate(outer, KEY, fdBytes(create({})), 0)).toBe(-22);
  });
});
