// SPDX-License-Identifier: GPL-2.0
/* Maps that few programs have: of a map of maps it prints what its elements must be like. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

struct shelf {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 3);
	__type(key, __u32);
	__type(value, __u64);
} shelf SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 2);
	__type(key, __u32);
	__array(values, struct shelf);
} shelves SEC(".maps") = {
	.values = { [1] = &shelf },
};

struct {
	__uint(type, BPF_MAP_TYPE_ARENA);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 16);
} shared SEC(".maps");

SEC("iter/bpf_map")
int dump_inner(struct bpf_iter__bpf_map *ctx)
{
	struct bpf_map *map = ctx->map;

	if (map && map->inner_map_meta)
		BPF_SEQ_PRINTF(ctx->meta->seq, "%s: %u of %u bytes\n", map->name, map->inner_map_meta->max_entries,
			       map->inner_map_meta->value_size);
	return 0;
}
