/** Types of keys and values that BPF_MAP_CREATE looks at, in C, and what libbpf makes of a refusal. */
import { expect, test } from 'vitest';
import { BtfBuilder } from '../btf/build.ts';
import { Btf } from '../btf/parse.ts';
import { compile } from '../cc/compile.ts';
import { loadObject } from '../libbpf/load.ts';
import { openObject } from '../libbpf/open.ts';
import { machineOf } from '../testing/recorded_machine.ts';

const { kernel, sys, bpf } = machineOf('map_list');

/** Loads one map and tells what libbpf said and which types the map has. */
function load(map: string, types = ''): { said: string; btf: boolean } {
  const text = `typedef unsigned int __u32; typedef unsigned long long __u64;
#define SEC(name) __attribute__((section(name), used))
#define __uint(name, val) int (*name)[val]
#define __type(name, val) typeof(val) *name
struct bpf_spin_lock { __u32 val; };
struct bpf_timer { __u64 opaque[2]; };
${types}
struct { ${map} } m SEC(".maps");
`;
  const { object } = compile({
    path: 'm.bpf.c',
    text,
    files: () => null,
    kernelBtf: Btf.parse(new BtfBuilder().encode()),
  });
  const opened = openObject(object ?? new Uint8Array(0), { path: 'm.bpf.o' });
  if (!opened.ok) throw new Error(opened.messages.join('\n'));
  const result = loadObject(opened.object, {
    kernel: { btf: kernel.btf, symbols: kernel.symbols, release: '6.12', config: null },
    sys: bpf,
  });
  if (!result.ok) throw new Error(result.messages.join('\n'));
  const info = bpf.mapInfo(result.loaded.mapFds[0] ?? -1);
  return { said: result.messages.join('\n'), btf: typeof info !== 'number' && info.btf_id !== 0 };
}
const refused = (why: string) => ({
  said: `libbpf: Error in bpf_create_map_xattr(m):${why}. Retrying without BTF.`,
  btf: false,
});
const fine = { said: '', btf: true };
const LOCK = 'struct v { struct bpf_spin_lock lock; int n; };';
const TIMER = 'struct v { struct bpf_timer timer; };';
const ENTRIES = '__uint(max_entries, 4);';

test.for<[string, string, string, { said: string; btf: boolean }]>([
  ['a hash', `__uint(type, 1); ${ENTRIES} __type(key, __u64); __type(value, struct v);`, LOCK, fine],
  [
    'a hash whose key has a size only',
    `__uint(type, 1); ${ENTRIES} __uint(key_size, 4); __type(value, int);`,
    '',
    refused('Invalid argument(-22)'),
  ],
  [
    'an array with a wide key',
    `__uint(type, 2); ${ENTRIES} __type(key, struct k); __type(value, int);`,
    'struct k { int a; };',
    refused('Invalid argument(-22)'),
  ],
  [
    'a lock in an LRU hash',
    `__uint(type, 9); ${ENTRIES} __type(key, int); __type(value, struct v);`,
    LOCK,
    refused('Operation not supported(-95)'),
  ],
  [
    'a timer in an LRU hash',
    `__uint(type, 9); ${ENTRIES} __type(key, int); __type(value, struct v);`,
    TIMER,
    fine,
  ],
  [
    'a timer in a map that programs only read',
    `__uint(type, 1); __uint(map_flags, 128); ${ENTRIES} __type(key, int); __type(value, struct v);`,
    TIMER,
    refused('Permission denied(-13)'),
  ],
  [
    'a trie',
    `__uint(type, 11); __uint(map_flags, 1); ${ENTRIES} __type(key, struct k); __type(value, int);`,
    'struct k { __u32 prefixlen; __u32 data; };',
    fine,
  ],
  [
    'a trie whose key is a number',
    `__uint(type, 11); __uint(map_flags, 1); ${ENTRIES} __type(key, __u64); __type(value, int);`,
    '',
    refused('Invalid argument(-22)'),
  ],
])('%s', ([, map, types, want]) => {
  expect(load(map, types)).toEqual(want);
});

test('the BTF of the kernel is for no map', () => {
  const btfFd = bpf.getFdById('btf', sys.objects.vmlinux.id);
  const attr = {
    type: 1,
    keySize: 4,
    valueSize: 4,
    maxEntries: 1,
    flags: 0,
    mapExtra: 0n,
    numaNode: 0,
    name: 'm',
    innerMapFd: 0,
  };
  expect(bpf.mapCreate({ ...attr, btfFd, btfKeyTypeId: 1, btfValueTypeId: 1 })).toBe(-13);
});
