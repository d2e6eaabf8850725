// SPDX-License-Identifier: GPL-2.0
/*
 * The hash tables of netlink by hand, one for each of 32 protocols, found by the kernel's symbol. A chain ends in an
 * odd number, or is NULL. Lines of the iterator begin with 0, those of the walk by hand, made in its last call, with 1.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

char LICENSE[] SEC("license") = "GPL";

extern const void nl_table __ksym;

SEC("iter/netlink")
int walk(struct bpf_iter__netlink *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct netlink_table *tables;
	struct bucket_table *tbl;
	struct netlink_sock *sk;
	struct rhash_head *node;
	struct net *net;
	int protocol, bucket;

	if (ctx->sk) {
		BPF_SEQ_PRINTF(seq, "0 %llu\n", (unsigned long long)ctx->sk);
		return 0;
	}
	net = BPF_CORE_READ(bpf_get_current_task_btf(), nsproxy, net_ns);
	bpf_core_read(&tables, sizeof(tables), &nl_table);
	bpf_for(protocol, 0, 32) {
		tbl = BPF_CORE_READ(tables + protocol, hash.tbl);
		bpf_for(bucket, 0, BPF_CORE_READ(tbl, size)) {
			node = (void *)BPF_CORE_READ(tbl, buckets[bucket]);
			bpf_repeat(600) {
				if (!node || (unsigned long)node & 1)
					break;
				sk = (void *)node - bpf_core_field_offset(struct netlink_sock, node);
				if (BPF_CORE_READ(sk, sk.__sk_common.skc_net.net) == net)
					BPF_SEQ_PRINTF(seq, "1 %llu\n", (unsigned long long)sk);
				node = BPF_CORE_READ(node, next);
			}
		}
	}
	return 0;
}
