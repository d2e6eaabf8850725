// SPDX-License-Identifier: GPL-2.0
/*
 * The two tables of TCP by hand, found from the reader's network namespace: listening sockets, then all the others.
 * A chain ends in an odd number. Lines of the iterator begin with 0, those of the walk by hand,
 * made in its last call, with 1.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

char LICENSE[] SEC("license") = "GPL";

static void chain(struct seq_file *seq, struct net *net, struct hlist_nulls_node *node)
{
	struct sock_common *sk;

	bpf_repeat(600) {
		if ((unsigned long)node & 1)
			break;
		sk = (void *)node - bpf_core_field_offset(struct sock_common, skc_nulls_node);
		if (BPF_CORE_READ(sk, skc_net.net) == net)
			BPF_SEQ_PRINTF(seq, "1 %llu\n", (unsigned long long)sk);
		node = BPF_CORE_READ(node, next);
	}
}

SEC("iter/tcp")
int walk(struct bpf_iter__tcp *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct inet_listen_hashbucket *listening;
	struct inet_ehash_bucket *others;
	struct inet_hashinfo *info;
	struct net *net;
	int bucket;

	if (ctx->sk_common) {
		BPF_SEQ_PRINTF(seq, "0 %llu\n", (unsigned long long)ctx->sk_common);
		return 0;
	}
	net = BPF_CORE_READ(bpf_get_current_task_btf(), nsproxy, net_ns);
	info = BPF_CORE_READ(net, ipv4.tcp_death_row.hashinfo);
	listening = BPF_CORE_READ(info, lhash2);
	others = BPF_CORE_READ(info, ehash);
	bpf_for(bucket, 0, BPF_CORE_READ(info, lhash2_mask) + 1)
		chain(seq, net, BPF_CORE_READ(&listening[bucket], nulls_head.first));
	bpf_for(bucket, 0, BPF_CORE_READ(info, ehash_mask) + 1)
		chain(seq, net, BPF_CORE_READ(&others[bucket], chain.first));
	return 0;
}
