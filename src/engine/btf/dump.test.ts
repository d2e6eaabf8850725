import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { BtfBuilder } from './build.ts';
import { defineType, dumpTypes, typeText } from './dump.ts';
import { Btf } from './parse.ts';
import { Kind } from './types.ts';
import type { BtfType } from './types.ts';

const path = join(import.meta.dirname, '../../../recorded/linux-6.12/kernel/vmlinux.btf.gz');
const vmlinux = Btf.parse(new Uint8Array(gunzipSync(readFileSync(path))));
const struct = (name: string): string => defineType(vmlinux, vmlinux.find(name, Kind.STRUCT));

/** Text of a member of a kernel struct. */
function member(name: string, field: string): string {
  const type = vmlinux.type(vmlinux.find(name, Kind.STRUCT));
  const found = type.kind === Kind.STRUCT ? type.members.find((m) => m.name === field) : undefined;
  return typeText(vmlinux, found?.type ?? 0, field);
}

test.for([
  ['task_struct', 'comm', 'char comm[16]'],
  ['task_struct', 'real_parent', 'struct task_struct *real_parent'],
  ['task_struct', 'cpus_ptr', 'const cpumask_t *cpus_ptr'],
  ['seq_operations', 'show', 'int (*show)(struct seq_file *, void *)'],
  ['sighand_struct', 'action', 'struct k_sigaction action[64]'],
  ['file_operations', 'iopoll', 'int (*iopoll)(struct kiocb *, struct io_comp_batch *, unsigned int)'],
  ['filename', 'iname', 'const char iname[0]'],
  ['pt_regs', 'r15', 'long unsigned int r15'],
])('struct %s: %s is declared %s', ([name = '', field = '', want]) => {
  expect(member(name, field)).toBe(want);
});

test('struct bpf_iter__task_file: anonymous unions around pointers', () => {
  expect(struct('bpf_iter__task_file')).toBe(`struct bpf_iter__task_file {
	union {
		struct bpf_iter_meta *meta;
	};
	union {
		struct task_struct *task;
	};
	u32 fd;
	union {
		struct file *file;
	};
};`);
});

test('a gap that alignment does not explain becomes unnamed bit-fields', () => {
  const builder = new BtfBuilder();
  const int = builder.add({ kind: Kind.INT, name: 'int', size: 4, encoding: 1, bitOffset: 0, bits: 32 });
  const at = (name: string, bitOffset: number, bitSize = 0) => ({ name, type: int, bitOffset, bitSize });
  const members = [at('a', 0), at('b', 128), at('f', 160, 3), at('g', 168, 5), at('h', 192)];
  const id = builder.add({ kind: Kind.STRUCT, name: 'gaps', size: 40, members });
  expect(defineType(Btf.parse(builder.encode()), id)).toBe(`struct gaps {
	int a;
	long: 64;
	int b;
	int f: 3;
	char: 5;
	int g: 5;
	int h;
	long: 64;
};`);
});

test('bit-fields side by side', () => {
  expect(struct('iphdr')).toBe(`struct iphdr {
	__u8 ihl: 4;
	__u8 version: 4;
	__u8 tos;
	__be16 tot_len;
	__be16 id;
	__be16 frag_off;
	__u8 ttl;
	__u8 protocol;
	__sum16 check;
	union {
		struct {
			__be32 saddr;
			__be32 daddr;
		};
		struct {
			__be32 saddr;
			__be32 daddr;
		} addrs;
	};
};`);
});

test('a struct that the ABI would lay out otherwise is packed', () => {
  expect(struct('desc_ptr')).toBe(`struct desc_ptr {
	short unsigned int size;
	long unsigned int address;
} __attribute__((packed));`);
});

test('an enum of one byte, a wide enum, qualified pointers, and a function that returns a function', () => {
  const builder = new BtfBuilder();
  const values = [{ name: 'MINUS', value: -1n }];
  const types: BtfType[] = [
    { kind: Kind.ENUM, name: 'tiny', size: 1, signed: false, values: [{ name: 'A', value: 1n }] },
    { kind: Kind.ENUM64, name: 'wide', size: 8, signed: true, values },
    { kind: Kind.PTR, name: '', type: 0 },
    { kind: Kind.CONST, name: '', type: 3 },
    { kind: Kind.VOLATILE, name: '', type: 4 },
    { kind: Kind.ARRAY, name: '', type: 5, indexType: 0, nelems: 3 },
    { kind: Kind.PTR, name: '', type: 6 },
    { kind: Kind.FUNC_PROTO, name: '', type: 3, params: [{ name: '', type: 0 }] },
    { kind: Kind.PTR, name: '', type: 8 },
    { kind: Kind.FUNC_PROTO, name: '', type: 9, params: [{ name: 'x', type: 1 }] },
    { kind: Kind.PTR, name: '', type: 10 },
  ];
  for (const type of types) builder.add(type);
  const btf = Btf.parse(builder.encode());
  expect(defineType(btf, 1)).toBe('enum tiny {\n\tA = 1,\n} __attribute__((mode(byte)));');
  expect(defineType(btf, 2)).toBe('enum wide {\n\tMINUS = -1LL,\n};');
  expect(typeText(btf, 5, 'p')).toBe('void * const volatile p');
  expect(typeText(btf, 7, 'a')).toBe('void * const volatile (*a)[3]');
  expect(typeText(btf, 11, 'f')).toBe('void *(*(*f)(enum tiny x))(...)');
});

test('everything a type needs comes before it, everything behind a pointer is declared', () => {
  const text = dumpTypes(vmlinux, [vmlinux.find('pid_namespace', Kind.STRUCT)]);
  const at = (line: string): number => {
    expect(text).toContain(line);
    return text.indexOf(line);
  };
  const order = [
    'typedef struct {\n\tint counter;\n} atomic_t;',
    'struct qspinlock {',
    'typedef struct spinlock spinlock_t;',
    'struct xarray {',
    'struct idr {',
    'struct task_struct;',
    'struct ns_common {',
    'struct pid_namespace {',
  ].map(at);
  expect(order).toEqual(order.toSorted((a, b) => a - b));
  expect(text).not.toContain('struct task_struct {');
});

test('two structs of one name: the second is ___2, also where it is used', () => {
  const builder = new BtfBuilder();
  const int = builder.add({ kind: Kind.INT, name: 'int', size: 4, encoding: 1, bitOffset: 0, bits: 32 });
  const one = (name: string, type: number): number =>
    builder.add({
      kind: Kind.STRUCT,
      name,
      size: 4,
      members: [{ name: 'm', type, bitOffset: 0, bitSize: 0 }],
    });
  const first = one('s', int);
  const second = one('s', first);
  const user = one('user', second);
  expect(dumpTypes(Btf.parse(builder.encode()), [user])).toBe(
    'struct s {\n\tint m;\n};\n\nstruct s___2 {\n\tstruct s m;\n};\n\nstruct user {\n\tstruct s___2 m;\n};\n',
  );
});

test('a nameless enum is written where it is used; enumerators whose names are taken are numbered', () => {
  const builder = new BtfBuilder();
  const values = [{ name: 'IDLE', value: 0n }];
  const nameless = builder.add({ kind: Kind.ENUM, name: '', size: 4, signed: false, values });
  const member = { name: 'state', type: nameless, bitOffset: 0, bitSize: 0 };
  builder.add({ kind: Kind.STRUCT, name: 'task', size: 4, members: [member] });
  builder.add({ kind: Kind.ENUM, name: 'phase', size: 4, signed: false, values });
  const btf = Btf.parse(builder.encode());
  expect(dumpTypes(btf, [1, 2, 3])).toBe(`struct task {
	enum {
		IDLE = 0,
	} state;
};

enum phase {
	IDLE___2 = 0,
};
`);
});
