// SPDX-License-Identifier: GPL-2.0
/*
 * Maps by hand, found from the map that the iterator names: the buckets of a hash map, whose chains end in an odd
 * number, and the values of an array. Lines of the iterator begin with 0, those of the walk by hand, made in its
 * last call, with 1.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

char LICENSE[] SEC("license") = "GPL";

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, __u32);
	__type(value, __u64);
} numbers SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 8);
	__type(key, __u32);
	__type(value, __u64);
} places SEC(".maps");

static void by_hash(struct seq_file *seq, struct bpf_htab *htab)
{
	struct bucket *buckets = BPF_CORE_READ(htab, buckets);
	struct htab_elem *elem;
	__u32 key;
	__u64 value;
	int bucket;

	bpf_for(bucket, 0, BPF_CORE_READ(htab, n_buckets)) {
		elem = (void *)BPF_CORE_READ(&buckets[bucket], head.first);
		bpf_repeat(600) {
			if ((unsigned long)elem & 1)
				break;
			bpf_probe_read_kernel(&key, sizeof(key), elem->key);
			bpf_probe_read_kernel(&value, sizeof(value), elem->key + 8);
			BPF_SEQ_PRINTF(seq, "1 %u %llu\n", key, value);
			elem = (void *)BPF_CORE_READ(elem, hash_node.next);
		}
	}
}

static void by_index(struct seq_file *seq, struct bpf_array *array)
{
	__u64 value;
	int i;

	bpf_for(i, 0, BPF_CORE_READ(array, map.max_entries)) {
		bpf_probe_read_kernel(&value, sizeof(value), array->value + i * sizeof(value));
		BPF_SEQ_PRINTF(seq, "1 %u %llu\n", i, value);
	}
}

SEC("iter/bpf_map_elem")
int walk(struct bpf_iter__bpf_map_elem *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct bpf_map *map = ctx->map;
	__u32 *key = ctx->key;
	__u64 *value = ctx->value;

	if (!map)
		return 0;
	if (key && value)
		BPF_SEQ_PRINTF(seq, "0 %u %llu\n", *key, *value);
	else if (map->map_type == BPF_MAP_TYPE_HASH)
		by_hash(seq, (void *)map);
	else
		by_index(seq, (void *)map);
	return 0;
}
