// SPDX-License-Identifier: GPL-2.0
/*
 * Maps of sockets by hand, found from the map that the iterator names: the places of one by index, the buckets of
 * one by key, and the storage that a third keeps on sockets. Lines of the iterator begin with 0, those of the walk
 * by hand, made in its last call, with 1.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

char LICENSE[] SEC("license") = "GPL";

struct {
	__uint(type, BPF_MAP_TYPE_SOCKMAP);
	__uint(max_entries, 8);
	__type(key, __u32);
	__type(value, __u64);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} proxied SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_SOCKHASH);
	__uint(max_entries, 8);
	__type(key, __u32);
	__type(value, __u64);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} backends SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u32);
	__type(value, __u64);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} sk_bytes SEC(".maps");

static void by_index(struct seq_file *seq, struct bpf_stab *stab)
{
	struct sock **sks = BPF_CORE_READ(stab, sks);
	struct sock *sk;
	int i;

	bpf_for(i, 0, BPF_CORE_READ(stab, map.max_entries)) {
		bpf_probe_read_kernel(&sk, sizeof(sk), &sks[i]);
		BPF_SEQ_PRINTF(seq, "1 %u %llu\n", i, (unsigned long long)sk);
	}
}

static void by_hash(struct seq_file *seq, struct bpf_shtab *htab)
{
	struct bpf_shtab_bucket *buckets = BPF_CORE_READ(htab, buckets);
	struct bpf_shtab_elem *elem;
	struct hlist_node *node;
	__u32 key;
	int bucket;

	bpf_for(bucket, 0, BPF_CORE_READ(htab, buckets_num)) {
		node = BPF_CORE_READ(&buckets[bucket], head.first);
		bpf_repeat(600) {
			if (!node)
				break;
			elem = (void *)node - bpf_core_field_offset(struct bpf_shtab_elem, node);
			bpf_probe_read_kernel(&key, sizeof(key), elem->key);
			BPF_SEQ_PRINTF(seq, "1 %u %llu\n", key, (unsigned long long)BPF_CORE_READ(elem, sk));
			node = BPF_CORE_READ(node, next);
		}
	}
}

SEC("iter/sockmap")
int walk_sockets(struct bpf_iter__sockmap *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct bpf_map *map = ctx->map;
	__u32 *key = ctx->key;

	if (!map)
		return 0;
	if (key)
		BPF_SEQ_PRINTF(seq, "0 %u %llu\n", *key, (unsigned long long)ctx->sk);
	else if (map->map_type == BPF_MAP_TYPE_SOCKHASH)
		by_hash(seq, (void *)map);
	else
		by_index(seq, (void *)map);
	return 0;
}

SEC("iter/bpf_sk_storage_map")
int walk_storage(struct bpf_iter__bpf_sk_storage_map *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct bpf_local_storage_map *map = (void *)ctx->map;
	struct bpf_local_storage_map_bucket *buckets;
	struct bpf_local_storage_elem *elem;
	struct hlist_node *node;
	__u64 *value = ctx->value;
	__u64 stored;
	int bucket;

	if (!map)
		return 0;
	if (ctx->sk && value) {
		BPF_SEQ_PRINTF(seq, "0 %llu %llu\n", (unsigned long long)ctx->sk, *value);
		return 0;
	}
	buckets = BPF_CORE_READ(map, buckets);
	bpf_for(bucket, 0, 1 << BPF_CORE_READ(map, bucket_log)) {
		node = BPF_CORE_READ(&buckets[bucket], list.first);
		bpf_repeat(600) {
			if (!node)
				break;
			elem = (void *)node - bpf_core_field_offset(struct bpf_local_storage_elem, map_node);
			bpf_probe_read_kernel(&stored, sizeof(stored), elem->sdata.data);
			BPF_SEQ_PRINTF(seq, "1 %llu %llu\n",
				       (unsigned long long)BPF_CORE_READ(elem, local_storage, owner), stored);
			node = BPF_CORE_READ(node, next);
		}
	}
	return 0;
}
