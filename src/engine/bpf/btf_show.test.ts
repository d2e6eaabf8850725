import { expect, test } from 'vitest';
import { fail } from '../../shared/errno.ts';
import { Kind } from '../btf/types.ts';
import { emptyKernel } from '../vm/testing.ts';
import { BTF_F_COMPACT, BTF_F_NONAME, BTF_F_PTR_RAW, BTF_F_ZERO, btfShow } from './btf_show.ts';

const kernel = emptyKernel();
const typeId = (name: string) =>
  kernel.btf.find(name, Kind.STRUCT, Kind.UNION, Kind.ENUM, Kind.TYPEDEF, Kind.INT);
const show = (name: string, fill: (at: bigint) => void, flags: bigint) => {
  const at = kernel.mem.alloc(1024);
  fill(at);
  return btfShow(kernel, typeId(name), at, flags).text;
};
const { mem } = kernel;
const C = BTF_F_COMPACT;
const zeros = () => undefined;

/** The forms that the kernel's own tests of these helpers name. */
const table: readonly [want: string, type: string, fill: (at: bigint) => void, flags: bigint][] = [
  ['(int)1234', 'int', (at) => mem.setU32(at, 1234), 0n],
  ['-4567', 'int', (at) => mem.setU32(at, -4567), BTF_F_NONAME],
  ['(int)0', 'int', zeros, 0n],
  ['(u64)1', 'u64', (at) => mem.setU64(at, 1n), C],
  ['(atomic_t){.counter = (int)1,}', 'atomic_t', (at) => mem.setU32(at, 1), C],
  ['{1,}', 'atomic_t', (at) => mem.setU32(at, 1), C | BTF_F_NONAME],
  ['(atomic_t){}', 'atomic_t', zeros, C],
  ['(atomic_t){.counter = (int)0,}', 'atomic_t', zeros, C | BTF_F_ZERO],
  ['(enum bpf_cmd)BPF_MAP_CREATE', 'bpf_cmd', zeros, C],
  ['(enum bpf_cmd)2000', 'bpf_cmd', (at) => mem.setU32(at, 2000), C],
  [
    '(struct list_head){.next = (struct list_head *)0x0000000000000001,}',
    'list_head',
    (at) => mem.setU64(at, 1n),
    C | BTF_F_PTR_RAW,
  ],
  [
    "(struct bpf_prog_info){.name = (char[])['f','o','o',],}",
    'bpf_prog_info',
    (at) =>
      mem.setBytes(
        at + BigInt(kernel.types.struct('bpf_prog_info').field('name').offset),
        Buffer.from('foo'),
      ),
    C,
  ],
  [
    '(struct bpf_prog_info){.name = (char[])[1,2,3,],}',
    'bpf_prog_info',
    (at) =>
      mem.setBytes(
        at + BigInt(kernel.types.struct('bpf_prog_info').field('name').offset),
        Uint8Array.of(1, 2, 3),
      ),
    C,
  ],
  [
    '(struct bpf_insn){.code = (__u8)1,.dst_reg = (__u8)0x2,.src_reg = (__u8)0x3,.off = (__s16)4,.imm = (__s32)5,}',
    'bpf_insn',
    (at) => mem.setU64(at, 0x5_0004_3201n),
    C,
  ],
  ['{1,0x2,0x3,4,5,}', 'bpf_insn', (at) => mem.setU64(at, 0x5_0004_3201n), C | BTF_F_NONAME],
  ['(struct bpf_insn){.dst_reg = (__u8)0x1,}', 'bpf_insn', (at) => mem.setU64(at, 0x100n), C],
  [
    '(struct __sk_buff){.cb = (__u32[])[1,],}',
    '__sk_buff',
    (at) => mem.setU32(at + BigInt(kernel.types.struct('__sk_buff').field('cb').offset + 8), 1),
    C,
  ],
  [
    '(struct path){\n .dentry = (struct dentry *)0x0000000000000002,\n}\n',
    'path',
    (at) => mem.setU64(at + 8n, 2n),
    BTF_F_PTR_RAW,
  ],
  [
    '(struct rcu_work){\n .work = (struct work_struct){\n  .entry = (struct list_head){\n   .prev = (struct list_head *)0x0000000000000003,\n  },\n },\n}\n',
    'rcu_work',
    (at) => mem.setU64(at + 16n, 3n),
    BTF_F_PTR_RAW,
  ],
];
test.for(table)('%s', ([want, type, fill, flags]) => {
  const got = show(type, fill, flags);
  expect(flags & C || want.includes('\n') ? got : got.trimEnd()).toBe(want);
});

test('memory that cannot be read is the status, what was readable is shown', () => {
  expect(btfShow(kernel, typeId('list_head'), 0x10n, 0n)).toMatchObject({ text: '', status: fail('ERANGE') });
});
