/** BPF_PROG_TEST_RUN of programs that need nothing to happen first. */
import { describe, expect, test } from 'vitest';
import { must } from '../src/shared/assert.ts';
import { fail } from '../src/shared/errno.ts';
import { bootMachine } from '../src/engine/machine/boot.ts';
import { compileSource, loadProgram } from '../src/engine/machine/program.ts';
import { resources } from './resources.ts';

const text = `
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
char LICENSE[] SEC("license") = "GPL";

struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 4); __type(key, __u32); __type(value, __u64); } sums SEC(".maps");
struct args { __u64 a, b, sum; };

SEC("syscall") int add(struct args *args)
{
	__u32 key = 1;
	__u64 sum = args->a + args->b;

	args->sum = sum;
	bpf_map_update_elem(&sums, &key, &sum, BPF_ANY);
	return sum == 5 ? -7 : 7;
}

struct found { __u64 symbol; int missing, invalid, type, no_type, closed, not_open; __u32 fd; };
SEC("syscall") int find(struct found *found)
{
	static const char init[] = "init_task", none[] = "no_such_symbol", task[] = "task_struct";

	__u64 symbol;

	found->invalid = bpf_kallsyms_lookup_name(init, sizeof(init) - 1, 0, &symbol);
	found->missing = bpf_kallsyms_lookup_name(none, sizeof(none), 0, &symbol);
	bpf_kallsyms_lookup_name(init, sizeof(init), 0, &symbol);
	found->symbol = symbol;
	found->type = bpf_btf_find_by_name_kind(task, sizeof(task), 4, 0);
	found->no_type = bpf_btf_find_by_name_kind(none, sizeof(none), 4, 0);
	found->closed = bpf_sys_close(found->fd);
	found->not_open = bpf_sys_close(found->fd);
	return 0;
}

SEC("raw_tp/task_rename") int rename(struct bpf_raw_tracepoint_args *ctx) { return ctx->args[1] - ctx->args[0]; }
SEC("fentry/do_unlinkat") int BPF_PROG(fentry, int dfd) { return 0; }
SEC("kprobe/do_exit") int kprobe(struct pt_regs *ctx) { return 0; }
SEC("xdp") int xdp(struct xdp_md *ctx) { return XDP_PASS; }
SEC("iter/task") int dump(struct bpf_iter__task *ctx) { return 0; }
`;
const machine = bootMachine(resources, { world: { name: 'demo' } });
const { kernel, syscall, sys } = machine;
const compiled = compileSource({ path: 'p.bpf.c', text }, kernel.btf);
const outcome = loadProgram(machine, { path: 'p.bpf.c', object: must(compiled.object, 'an object') });
const loaded = must(outcome.loaded, outcome.messages.join(''));
const fd = (name: string): number =>
  must(
    loaded.programs.find((each) => each.program.spec.name === name),
    name,
  ).ret;
const u64s = (...numbers: number[]): Uint8Array =>
  new Uint8Array(BigUint64Array.from(numbers, BigInt).buffer);

describe('a syscall program', () => {
  test('runs on the bytes that it is given, and gives them back as it left them', () => {
    expect(syscall.progTestRun(fd('add'), { ctx: u64s(20, 22, 0) })).toEqual({
      ret: 0,
      retval: 7,
      ctx: u64s(20, 22, 42),
    });
    expect(syscall.progTestRun(fd('add'), { ctx: u64s(2, 3, 0) }).retval).toBe(2 ** 32 - 7);
    const sums = loaded.mapFds[0] ?? -1;
    expect(syscall.mapLookup(sums, Uint8Array.of(1, 0, 0, 0))).toEqual(u64s(5));
  });

  test('wants as many bytes as it may touch, and nothing else', () => {
    const run = (attr: Parameters<typeof syscall.progTestRun>[1]) => syscall.progTestRun(fd('add'), attr).ret;
    expect([run({}), run({ ctx: u64s(1, 2) }), run({ ctx: new Uint8Array(65_536) })]).toEqual([
      fail('EINVAL'),
      fail('EINVAL'),
      fail('EINVAL'),
    ]);
    const ctx = u64s(1, 2, 3);
    const more = [{ flags: 1 }, { cpu: 1 }, { batchSize: 1 }, { more: true }];
    expect(more.map((each) => run({ ctx, ...each }))).toEqual(more.map(() => fail('EINVAL')));
  });

  test("finds symbols and types by name, and closes its caller's files", () => {
    const open = syscall.objGet('/no/such/pin') < 0 ? syscall.enableStats(0) : -1;
    const ctx = new Uint8Array(40);
    new DataView(ctx.buffer).setUint32(32, open, true);
    const run = syscall.progTestRun(fd('find'), { ctx });
    expect(run).toMatchObject({ ret: 0 });
    const left = must(run.ctx, 'the context');
    const at = new DataView(left.buffer, left.byteOffset);
    const [missing, invalid, type, noType, closed, notOpen] = [8, 12, 16, 20, 24, 28].map((offset) =>
      at.getInt32(offset, true),
    );
    expect(at.getBigUint64(0, true)).toBe(kernel.symbols.find('init_task')?.addr);
    expect([missing, invalid, noType]).toEqual([fail('ENOENT'), fail('EINVAL'), fail('ENOENT')]);
    expect(kernel.btf.nameOf(type ?? 0)).toBe('task_struct');
    expect([closed, notOpen, sys.fds.file(open)]).toEqual([0, fail('EBADF'), null]);
  });
});

test('a raw tracepoint has up to twelve numbers, and may be told the processor', () => {
  const run = (attr: Parameters<typeof syscall.progTestRun>[1]) => syscall.progTestRun(fd('rename'), attr);
  expect(run({ ctx: u64s(3, 10) })).toEqual({ ret: 0, retval: 7, ctx: null });
  expect(run({ ctx: u64s(3, 10), flags: 1 })).toMatchObject({ ret: 0, retval: 7 });
  const ctx = u64s(3, 10);
  const bad = [{ ctx: u64s(3) }, { ctx: new Uint8Array(104) }, { ctx, cpu: 1 }, { ctx, flags: 1, cpu: 1 }];
  expect(bad.map((each) => run(each).ret)).toEqual([
    fail('EINVAL'),
    fail('EINVAL'),
    fail('EINVAL'),
    fail('ENXIO'),
  ]);
});

test('other types: fentry calls the test functions, iterators and kprobes cannot, packets are not made', () => {
  const ret = (name: string): number => syscall.progTestRun(fd(name)).ret;
  expect(['fentry', 'dump', 'kprobe', 'xdp'].map(ret)).toEqual([
    0,
    fail('EFAULT'),
    fail('ENOTSUPP'),
    fail('EOPNOTSUPP'),
  ]);
});
