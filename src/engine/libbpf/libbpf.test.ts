import { expect, test } from 'vitest';
import { Btf } from '../btf/parse.ts';
import { Kind } from '../btf/types.ts';
import { Symbols } from '../kernel/symbols.ts';
import { attachIter, encodeIterLinkInfo } from './attach.ts';
import { CoreReloKind } from './core_spec.ts';
import { dataMapName } from './data_maps.ts';
import { kernelVersion } from './kconfig.ts';
import { loadObject } from './load.ts';
import type { LoadOptions } from './load.ts';
import { adjustRingbufSize } from './map_def.ts';
import type { BpfObject, OpenResult } from './object.ts';
import { openObject } from './open.ts';
import { findSectionDef } from '../abi/section.ts';
import { cTypes } from './testing/c_types.ts';
import { FakeSys } from './testing/fake_sys.ts';
import { callInsn, exitInsn, ldImm64, movInsn, testObject } from './testing/test_object.ts';
import type { TestObject } from './testing/test_object.ts';

const open = (spec: TestObject): OpenResult => openObject(testObject(spec), { path: 'dir/prog.bpf.o' });
function opened(spec: TestObject): BpfObject {
  const result = open(spec);
  if (!result.ok) throw new Error(result.messages.join('\n'));
  return result.object;
}

/** A kernel with the iterator target `task`, a kfunc and two variables. */
function kernelTypes(): Btf {
  const types = cTypes('struct task_struct { long state; int pid; }; struct rq { int nr; };');
  const { builder } = types;
  const int = types.id('int');
  const proto = builder.add({ kind: Kind.FUNC_PROTO, name: '', type: int, params: [] });
  const other = builder.add({
    kind: Kind.FUNC_PROTO,
    name: '',
    type: int,
    params: [{ name: 'x', type: int }],
  });
  builder.add({ kind: Kind.FUNC, name: 'bpf_iter_task', type: proto, linkage: 1 });
  builder.add({ kind: Kind.FUNC, name: 'bpf_good', type: proto, linkage: 1 });
  builder.add({ kind: Kind.FUNC, name: 'bpf_other', type: other, linkage: 1 });
  builder.add({ kind: Kind.VAR, name: 'runqueues', type: types.id('struct rq'), linkage: 1 });
  return types.btf();
}
const kernel = {
  btf: kernelTypes(),
  symbols: Symbols.parse('ffffffff82000000 D jiffies\nffffffff82001000 t twice\nffffffff82002000 t twice\n'),
  release: '6.12.117-x',
  config: 'CONFIG_HZ=250\nCONFIG_M=m\nCONFIG_NAME="box"\n# CONFIG_OFF is not set\nCONFIG_BIG=0x12345\n',
};
const load = (object: BpfObject, sys = new FakeSys(), more: Partial<LoadOptions> = {}) =>
  loadObject(object, { kernel, sys, ...more });

const PROG = { section: 'iter/task', name: 'dump', insns: [movInsn(0, 0), exitInsn] };

test.for<[string, number | null, boolean]>([
  ['iter/task', 28, false],
  ['iter.s/task_vma', 28, true],
  ['iter', 28, false],
  ['iterr/task', null, false],
  ['iter.t/task', null, false],
  ['xdp', 37, false],
  ['xdp/more', null, false],
  ['fentry.s/do_exit', 24, true],
])('SEC("%s") has attach type %s, sleepable %s', ([name, attachType, sleepable]) => {
  const def = findSectionDef(name);
  expect([def?.attachType ?? null, def?.sleepable ?? false]).toEqual([attachType, sleepable]);
});

test('SEC("?iter/task") is opened and not loaded', () => {
  const object = opened({ programs: [PROG, { ...PROG, section: '?iter/task', name: 'later' }] });
  expect(object.programs.map((p) => [p.name, p.section, p.autoload])).toEqual([
    ['dump', 'iter/task', true],
    ['later', 'iter/task', false],
  ]);
  const sys = new FakeSys();
  load(object, sys);
  expect(sys.calls).toEqual(['btf', 'prog dump']);
});

test.for<[section: string, errno: number, first: string]>([
  ['iterr/task', 22, `missing BPF prog type, check ELF section name 'iterr/task'`],
  ['iter', 22, 'no BTF-based attach target is specified, use bpf_program__set_attach_target()'],
  ['iter/taskk', 3, `failed to find kernel BTF type ID of 'taskk': -3`],
  ['iter/mod:task', 3, `failed to find kernel BTF type ID of 'mod:task': -3`],
])('SEC("%s") fails with errno %s', ([section, errno, first]) => {
  const sys = new FakeSys();
  const result = load(opened({ programs: [{ ...PROG, section }] }), sys);
  expect(result).toMatchObject({ ok: false, errno: 0 - errno });
  expect(result.messages[0]).toBe(`libbpf: prog 'dump': ${first}`);
  expect(result.messages.slice(-2)).toEqual([
    `libbpf: prog 'dump': failed to load: -${errno}`,
    `libbpf: failed to load object 'dir/prog.bpf.o'`,
  ]);
  // What was opened is closed again.
  expect(sys.calls).toEqual(['btf', 'close 4']);
});

test('newer libbpf says errors by name', () => {
  const object = opened({ programs: [{ ...PROG, section: 'iter/taskk' }] });
  expect(load(object, new FakeSys(), { errorStyle: 'name' }).messages).toEqual([
    `libbpf: prog 'dump': failed to find kernel BTF type ID of 'taskk': -ESRCH`,
    `libbpf: prog 'dump': failed to prepare load attributes: -ESRCH`,
    `libbpf: prog 'dump': failed to load: -ESRCH`,
    `libbpf: failed to load object 'dir/prog.bpf.o'`,
  ]);
});

test('a refused program shows its log, with the poisoned instruction explained', () => {
  const types = 'struct task_struct { int pid; int nope; };';
  const insns = [{ code: 0x61, dst: 1, src: 1, off: 4, imm: 0 }, exitInsn];
  const object = opened({
    types,
    programs: [{ ...PROG, insns }],
    core: [[0, 'struct task_struct', '0:1', CoreReloKind.FIELD_BYTE_OFFSET]],
  });
  const log = '0: (85) call unknown#195896080\ninvalid func unknown#195896080\nprocessed 1 insns\n';
  const result = load(object, new FakeSys(4, { errno: 22, log }));
  const id = cTypes(types).id('struct task_struct');
  expect(result.messages).toEqual([
    `libbpf: prog 'dump': BPF program load failed: Invalid argument`,
    `libbpf: prog 'dump': -- BEGIN PROG LOAD LOG --`,
    '0: <invalid CO-RE relocation>',
    `failed to resolve CO-RE relocation <byte_off> [${id}] struct task_struct.nope (0:1 @ offset 4)`,
    'processed 1 insns',
    '-- END PROG LOAD LOG --',
    `libbpf: prog 'dump': failed to load: -22`,
    `libbpf: failed to load object 'dir/prog.bpf.o'`,
  ]);
});

test('a map left out poisons its references', () => {
  const insns = [...ldImm64(1, 'a'), ...ldImm64(2, 'b'), exitInsn];
  const array = { type: 2, max_entries: 1, key_size: 4, value_size: 8 };
  const object = opened({ programs: [{ ...PROG, insns }], maps: { a: array, b: array } });
  const [, b] = object.maps;
  if (b) b.autocreate = false;
  const sys = new FakeSys(4, {
    errno: 22,
    log: '2: (85) call unknown#2001000001\ninvalid func unknown#2001000001\n',
  });
  const result = load(object, sys);
  expect(sys.progs[0]?.insns.map((i) => [i.code, i.src, i.imm])).toEqual([
    [0x18, 1, 5],
    [0, 0, 0],
    [0x85, 0, 2001000001],
    [0x85, 0, 2001000001],
    [0x95, 0, 0],
  ]);
  expect(result.messages).toContain(`BPF map 'b' is referenced but wasn't created`);
});

test.for<[string, Record<string, number | string>, string]>([
  ['no type', { max_entries: 1 }, `map 'm': map type isn't specified.`],
  ['sizes that differ', { type: 1, key_size: 8, key: 'int' }, `map 'm': conflicting key size 8 != 4.`],
  ['a member nobody knows', { type: 1, entries: 4 }, `map 'm': unknown field 'entries'.`],
  ['a pin nobody knows', { type: 1, pinning: 2 }, `map 'm': invalid pinning value 2.`],
  ['no size', { type: 1, key: 'nothing_t' }, `map 'm': can't determine key size for type [`],
  ['a type that is no number', { type: 'int' }, `map 'm': attr 'type': expected ARRAY, got int.`],
])('a map with %s is refused', ([, members, message]) => {
  const result = open({ types: 'typedef struct fwd nothing_t; struct s { int i; };', maps: { m: members } });
  expect(result.ok).toBe(false);
  expect(result.messages[0]).toContain(`libbpf: ${message}`);
});

test.for([
  [1, 4096],
  [4096, 4096],
  [5000, 8192],
  [12288, 16384],
  [0, 0],
])('a ring buffer of %i bytes has %i', ([size, want]) => {
  expect(adjustRingbufSize(size ?? 0)).toBe(want);
});

test.for([
  ['task_file_doc', '.rodata', 'task_fil.rodata'],
  ['globals', '.bss', 'globals.bss'],
  ['seq_big_record', '.bss', 'seq_big_.bss'],
  ['a-b', '.data', 'a_b.data'],
  ['x', '.rodata.str1.1', '.rodata.str1.1'],
  ['x', '.data.very_long_name', '.data.very_long'],
])('%s%s is the map %s', ([object, section, want]) => {
  expect(dataMapName(object ?? '', section ?? '')).toBe(want);
});

/** Instructions of a program that refers to one extern. */
function externInsns(type: string, name: string, weak = false): unknown {
  const insns =
    type === 'func' ? [{ ref: name, insn: callInsn(1, -1) }, exitInsn] : [...ldImm64(1, name), exitInsn];
  const externs = [{ name, section: '.ksyms' as const, type, weak }];
  const sys = new FakeSys();
  const result = load(
    opened({ types: 'struct rq { long x; }; struct o { int y; };', programs: [{ ...PROG, insns }], externs }),
    sys,
  );
  return result.ok ? sys.progs[0]?.insns.slice(0, -1).map((i) => [i.src, i.imm]) : result.messages[0];
}
const idOf = (name: string, kind: 'FUNC' | 'VAR'): number => kernel.btf.find(name, Kind[kind]);

test.for<[string, string, boolean, unknown]>([
  ['func', 'bpf_good', false, [[2, idOf('bpf_good', 'FUNC')]]],
  ['func', 'bpf_good___v2', false, [[2, idOf('bpf_good', 'FUNC')]]],
  ['func', 'bpf_none', true, [[0, 2002000000]]],
  ['func', 'bpf_other', true, [[0, 2002000000]]],
  ['func', 'bpf_none', false, `libbpf: extern (func ksym) 'bpf_none': not found in kernel or module BTFs`],
  [
    'struct rq',
    'runqueues',
    false,
    [
      [3, idOf('runqueues', 'VAR')],
      [0, 0],
    ],
  ],
  [
    'struct rq',
    'nothing',
    true,
    [
      [0, 0],
      [0, 0],
    ],
  ],
  ['struct rq', 'nothing', false, `libbpf: extern (var ksym) 'nothing': not found in kernel BTF`],
  [
    'void',
    'jiffies',
    false,
    [
      [0, -0x7e000000],
      [0, -1],
    ],
  ],
  ['void', 'nothing', false, `libbpf: extern 'nothing' (strong): not resolved`],
  [
    'void',
    'twice',
    false,
    `libbpf: extern (ksym) 'twice': resolution is ambiguous: 0xffffffff82001000 or 0xffffffff82002000`,
  ],
])('extern %s %s __ksym, weak %s', ([type, name, weak, want]) => {
  expect(externInsns(type, name, weak)).toEqual(want);
});

test('a kfunc or variable of another type is refused, with both types', () => {
  expect(externInsns('func', 'bpf_other')).toMatch(
    /^libbpf: extern \(func ksym\) 'bpf_other': func_proto \[\d+\] incompatible with vmlinux \[\d+\]$/,
  );
  expect(externInsns('long', 'runqueues')).toMatch(
    /^libbpf: extern \(var ksym\) 'runqueues': incompatible types, expected \[\d+\] int long, but kernel has \[\d+\] struct rq$/,
  );
});

test('__kconfig externs share a map, strictest alignment first, and hold what the kernel says', () => {
  const types = `enum libbpf_tristate { TRI_NO, TRI_YES, TRI_MODULE };
    struct use { bool b; long l; int i; char c; char s[8]; };
    typedef char name_t[8];`;
  const object = opened({
    types,
    programs: [PROG],
    externs: [
      { name: 'CONFIG_NAME', section: '.kconfig', type: 'name_t' },
      { name: 'LINUX_KERNEL_VERSION', section: '.kconfig', type: 'int' },
      { name: 'CONFIG_M', section: '.kconfig', type: 'enum libbpf_tristate' },
      { name: 'CONFIG_HZ', section: '.kconfig', type: 'long' },
      { name: 'CONFIG_OFF', section: '.kconfig', type: 'bool', weak: true },
    ],
  });
  expect(load(object).messages).toEqual([]);
  const map = object.maps.find((m) => m.origin === 'kconfig');
  expect(map?.name).toBe('prog.kconfig');
  const data = new DataView((map?.initial ?? new Uint8Array(32)).buffer);
  expect([data.getBigUint64(0, true), data.getUint32(8, true), data.getUint32(12, true)]).toEqual([
    250n,
    2,
    0x060c75,
  ]);
  expect(new TextDecoder().decode(map?.initial?.subarray(17, 20))).toBe('box');
});

test.for<[string, string, string]>([
  ['CONFIG_BIG', 'char', `value '74565' doesn't fit in 1 bytes`],
  ['CONFIG_M', 'bool', `value 'm' implies tristate or char type`],
  ['CONFIG_NAME', 'int', `value '"box"' implies char array type`],
  ['LINUX_NOTHING', 'int', 'unrecognized virtual extern'],
])('extern %s of type %s: %s', ([name, type, message]) => {
  const externs = [{ name, section: '.kconfig' as const, type }];
  const object = opened({ types: 'struct use { char c; bool b; int i; };', programs: [PROG], externs });
  expect(load(object).messages[0]).toBe(`libbpf: extern (kcfg) '${name}': ${message}`);
});

test('6.12.300 is version 6.12.255', () => {
  expect(kernelVersion('6.12.300-rc1')).toBe(0x060cff);
});

test('attach hands over the union and says what failed', () => {
  const sys = new FakeSys(9);
  expect(attachIter({ name: 'dump', fd: 8 }, null, sys)).toEqual({ ok: true, linkFd: 9 });
  sys.linkCreate = () => -9;
  expect(attachIter({ name: 'dump', fd: 8 }, { kind: 'map', mapFd: 5 }, sys)).toMatchObject({
    ok: false,
    messages: [`libbpf: prog 'dump': failed to attach to iterator: Bad file descriptor`],
  });
  const bytes = encodeIterLinkInfo({ kind: 'task', tid: 0, pid: 7, pidFd: 0 });
  expect([...bytes]).toEqual([0, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
});

test('a damaged object is an errno, not an exception', () => {
  const good = testObject({
    programs: [PROG],
    maps: { m: { type: 2, key: 'int', value: 'int', max_entries: 1 } },
    types: 'struct s { int i; };',
  });
  expect(openObject(new Uint8Array(7), { path: 'x.o' })).toMatchObject({
    ok: false,
    errno: -4003,
    messages: ['libbpf: elf: x.o is not a valid eBPF object file', expect.any(String)],
  });
  for (let at = 0; at < good.length; at++) {
    const bytes = Uint8Array.from(good);
    bytes[at] = (bytes[at] ?? 0) ^ 0xff;
    const result = openObject(bytes, { path: 'x.o' });
    expect(result.ok || result.errno < 0).toBe(true);
  }
});

test('a .bss that no memory could hold is refused by its size', () => {
  expect(open({ programs: [PROG], bss: 0xffff_fff0 })).toMatchObject({
    ok: false,
    errno: -7,
    messages: [`libbpf: elf: section '.bss' of 4294967280 bytes is too large here`],
  });
  expect(opened({ programs: [PROG], bss: 3000 }).maps.map((m) => [m.name, m.initial?.length])).toEqual([
    ['prog.bss', 3000],
  ]);
});
