/** Objects that hold more than iterators: every program is verified and loaded, and is seen by the iterator. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';

import { iterscope } from './cli/testing.ts';

const dir = mkdtempSync(join(tmpdir(), 'iterscope-'));
function run(name: string, body: string) {
  const path = join(dir, `${name}.bpf.c`);
  writeFileSync(
    path,
    `#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
char LICENSE[] SEC("license") = "GPL";
${body}
SEC("iter/bpf_prog") int dump(struct bpf_iter__bpf_prog *ctx)
{
	struct bpf_prog *prog = ctx->prog;
	if (prog) BPF_SEQ_PRINTF(ctx->meta->seq, "%s %d %d\\n", prog->aux->name, prog->type, prog->expected_attach_type);
	return 0;
}
`,
  );
  return iterscope('run', path, '--prog', 'dump');
}

test('programs beside an iterator are loaded as libbpf loads them', () => {
  const { stdout, stderr } = run(
    'beside',
    `struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 16); __type(key, __u32); __type(value, __u64); } seen SEC(".maps");
SEC("kprobe/do_exit") int kprobe(struct pt_regs *ctx)
{
	__u32 key = 1; __u64 id = bpf_get_current_pid_tgid() + ctx->ip;
	bpf_map_update_elem(&seen, &key, &id, BPF_ANY);
	return 0;
}
SEC("tp/sched/sched_switch") int tp(struct trace_event_raw_sched_switch *ctx) { return ctx->prev_pid & 1; }
SEC("raw_tp/sys_enter") int raw_tp(struct bpf_raw_tracepoint_args *ctx) { return ctx->args[1] == 3; }
SEC("tp_btf/sched_process_fork") int BPF_PROG(tp_btf, struct task_struct *parent, struct task_struct *child) { return parent->pid == child->pid; }
SEC("fentry/do_unlinkat") int BPF_PROG(fentry, int dfd) { return 0; }
SEC("fexit/vfs_open") int BPF_PROG(fexit, const struct path *path, struct file *file, int ret) { return 0; }
SEC("lsm/file_open") int BPF_PROG(lsm, struct file *file) { return 0; }
SEC("perf_event") int perf(struct bpf_perf_event_data *ctx) { return ctx->sample_period == 1; }
SEC("tc") int cls(struct __sk_buff *skb) { skb->mark = skb->len; return 0; }
SEC("xdp") int xdp(struct xdp_md *ctx) { return XDP_PASS; }
SEC("socket") int filter(struct __sk_buff *skb) { return skb->len; }
SEC("cgroup_skb/egress") int egress(struct __sk_buff *skb) { return 3; }
SEC("cgroup/connect4") int connect4(struct bpf_sock_addr *ctx) { return ctx->user_port != 80; }
SEC("cgroup/sock_create") int sock(struct bpf_sock *sk) { return sk->family == 2; }
SEC("cgroup/dev") int dev(struct bpf_cgroup_dev_ctx *ctx) { return ctx->major != 1; }
SEC("sockops") int sockops(struct bpf_sock_ops *ctx) { ctx->reply = ctx->op; return 1; }
SEC("syscall") int call(void *ctx) { return 7; }`,
  );
  expect(stdout || stderr).toBe(
    `kprobe 2 0
tp 5 0
raw_tp 17 0
tp_btf 26 23
fentry 26 24
fexit 26 25
lsm 29 27
perf 7 0
cls 3 0
xdp 6 37
filter 1 0
egress 8 1
connect4 18 10
sock 9 2
dev 15 6
sockops 13 3
call 31 0
dump 26 28
`,
  );
});

test.for([
  [
    'a verdict that cgroups do not have',
    'SEC("cgroup/dev") int bad(void *ctx) { return 2; }',
    'At program exit the register R0 has smin=2 smax=2 should have been in [0, 1]',
  ],
  [
    'a context that cannot be written',
    'SEC("kprobe/do_exit") int bad(struct pt_regs *ctx) { ctx->ip = 0; return 0; }',
    'invalid bpf_context access off=128 size=8',
  ],
  [
    'a function the kernel lacks',
    'SEC("fentry/no_such") int bad(void *ctx) { return 0; }',
    "failed to find kernel BTF type ID of 'no_such'",
  ],
] as const)('%s keeps the whole object from being loaded', ([, program, message]) => {
  const { stdout, stderr, status } = run('refused', program);
  expect([stdout, status]).toEqual(['', 1]);
  expect(stderr).toContain(message);
});

test('a program that the verifier cannot judge is loaded beside an iterator, and said to be', () => {
  const { stdout, stderr, status } = run(
    'packets',
    `SEC("xdp") int packets(struct xdp_md *ctx)
{
	unsigned char *data = (void *)(long)ctx->data;
	return data + 14 > (unsigned char *)(long)ctx->data_end ? XDP_PASS : data[12];
}`,
  );
  expect([stdout, status]).toEqual(['packets 6 37\ndump 26 28\n', 0]);
  expect(stderr).toContain(
    "prog 'packets': cannot run here and was not verified: not supported by this verifier",
  );
});
