// SPDX-License-Identifier: GPL-2.0
/* One program that can be made to take every way through read(2): MODE says which. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

#define RETRY_FIRST 1
#define RETRY_LATER 2
#define BIG_FIRST 3
#define BIG_LATER 4
#define BIG_TRAILER 5
#define SILENT_RETRY 6

const volatile int mode = 0;
int retries = 0;

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, char[16384]);
} block SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8);
	__type(key, __u32);
	__type(value, __u64);
} table SEC(".maps");

/* 32768 bytes: more than any buffer keeps. */
static void big(struct seq_file *seq)
{
	__u32 zero = 0;
	char *bytes = bpf_map_lookup_elem(&block, &zero);

	if (!bytes)
		return;
	bpf_seq_write(seq, bytes, 16384);
	bpf_seq_write(seq, bytes, 16384);
}

static int walk(struct bpf_iter_meta *meta, void *object)
{
	struct seq_file *seq = meta->seq;

	if (!object) {
		if (mode == BIG_TRAILER && retries++ == 0)
			big(seq);
		else
			BPF_SEQ_PRINTF(seq, "end\n");
		return 0;
	}
	if (mode == SILENT_RETRY)
		return meta->seq_num == 2 && retries++ == 0;
	if (mode == BIG_FIRST || (mode == BIG_LATER && meta->seq_num == 2 && retries++ == 0))
		big(seq);
	else
		BPF_SEQ_PRINTF(seq, "object %llu\n", meta->seq_num);
	if (mode == RETRY_FIRST && retries++ == 0)
		return 1;
	if (mode == RETRY_LATER && meta->seq_num == 2 && retries++ == 0)
		return 1;
	return 0;
}

SEC("iter/task")
int walk_task(struct bpf_iter__task *ctx)
{
	return walk(ctx->meta, ctx->task);
}

SEC("iter/task_file")
int walk_task_file(struct bpf_iter__task_file *ctx)
{
	return walk(ctx->meta, ctx->file);
}

SEC("iter/task_vma")
int walk_task_vma(struct bpf_iter__task_vma *ctx)
{
	return walk(ctx->meta, ctx->vma);
}

SEC("iter/bpf_map")
int walk_bpf_map(struct bpf_iter__bpf_map *ctx)
{
	return walk(ctx->meta, ctx->map);
}

SEC("iter/bpf_prog")
int walk_bpf_prog(struct bpf_iter__bpf_prog *ctx)
{
	return walk(ctx->meta, ctx->prog);
}

SEC("iter/bpf_link")
int walk_bpf_link(struct bpf_iter__bpf_link *ctx)
{
	return walk(ctx->meta, ctx->link);
}

SEC("iter/bpf_map_elem")
int walk_bpf_map_elem(struct bpf_iter__bpf_map_elem *ctx)
{
	return walk(ctx->meta, ctx->key);
}

SEC("iter/cgroup")
int walk_cgroup(struct bpf_iter__cgroup *ctx)
{
	return walk(ctx->meta, ctx->cgroup);
}

SEC("iter/ksym")
int walk_ksym(struct bpf_iter__ksym *ctx)
{
	return walk(ctx->meta, ctx->ksym);
}

SEC("iter/tcp")
int walk_tcp(struct bpf_iter__tcp *ctx)
{
	return walk(ctx->meta, ctx->sk_common);
}

SEC("iter/udp")
int walk_udp(struct bpf_iter__udp *ctx)
{
	return walk(ctx->meta, ctx->udp_sk);
}

SEC("iter/unix")
int walk_unix(struct bpf_iter__unix *ctx)
{
	return walk(ctx->meta, ctx->unix_sk);
}

SEC("iter/netlink")
int walk_netlink(struct bpf_iter__netlink *ctx)
{
	return walk(ctx->meta, ctx->sk);
}
