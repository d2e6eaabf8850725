// SPDX-License-Identifier: GPL-2.0
/* Every map of the kernel, by id: what it holds, and who holds it. The walk itself holds one reference. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

/* Two maps of our own, so that there is something to see. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, __u32);
	__type(value, __u64);
} sessions SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, __u64);
} counters SEC(".maps");

__u64 seen = 0;

SEC("iter/bpf_map")
int dump_bpf_map(struct bpf_iter__bpf_map *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct bpf_map *map = ctx->map;

	if (!map) {
		BPF_SEQ_PRINTF(seq, "%llu maps\n", seen);
		return 0;
	}
	if (ctx->meta->seq_num == 0)
		BPF_SEQ_PRINTF(seq, "  id  type  key  value  entries  refcnt  name\n");

	seen++;
	BPF_SEQ_PRINTF(seq, "%4u %5u %4u %6u %8u %7lld  %s\n", map->id, map->map_type, map->key_size,
		       map->value_size, map->max_entries, map->refcnt.counter, map->name);
	return 0;
}
