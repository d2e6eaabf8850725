// SPDX-License-Identifier: GPL-2.0
/*
 * Every element of one map: attach it to "scores" or to "levels", and fill that map first. The walk goes by
 * bucket or by index, and the value it hands out is the one in the map: it may be changed.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16);
	__type(key, __u32);
	__type(value, __u64);
} scores SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 12);
	__type(key, __u32);
	__type(value, __u64);
} levels SEC(".maps");

/* Added to every value on the way. */
const volatile __u64 bonus = 0;
__u64 sum = 0;

SEC("iter/bpf_map_elem")
int dump_bpf_map_elem(struct bpf_iter__bpf_map_elem *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	__u32 *key = ctx->key;
	__u64 *value = ctx->value;

	if (!key || !value) {
		BPF_SEQ_PRINTF(seq, "   sum %8llu\n", sum);
		return 0;
	}
	if (ctx->meta->seq_num == 0)
		BPF_SEQ_PRINTF(seq, "   key    value\n");

	*value += bonus;
	sum += *value;
	BPF_SEQ_PRINTF(seq, "%6u %8llu\n", *key, *value);
	return 0;
}
