// Maps with their types and sizes.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";
SEC("iter/bpf_map")
int dump(struct bpf_iter__bpf_map *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct bpf_map *map = ctx->map;

	if (!map)
		return 0;
	BPF_SEQ_PRINTF(seq, "%u %s %d %u %u %u\n", map->id, map->name, map->map_type, map->key_size, map->value_size, map->max_entries);
	return 0;
}
