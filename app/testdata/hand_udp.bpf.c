// SPDX-License-Identifier: GPL-2.0
/*
 * The table of UDP by local address and port, by hand, found from the reader's network namespace.
 * Lines of the iterator begin with 0, those of the walk by hand, made in its last call, with 1.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

char LICENSE[] SEC("license") = "GPL";

SEC("iter/udp")
int walk(struct bpf_iter__udp *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct udp_table *table;
	typeof(table->hash2) slots;
	struct hlist_node *node;
	struct sock_common *sk;
	struct net *net;
	int bucket;

	if (ctx->udp_sk) {
		BPF_SEQ_PRINTF(seq, "0 %llu\n", (unsigned long long)ctx->udp_sk);
		return 0;
	}
	net = BPF_CORE_READ(bpf_get_current_task_btf(), nsproxy, net_ns);
	table = BPF_CORE_READ(net, ipv4.udp_table);
	slots = BPF_CORE_READ(table, hash2);
	bpf_for(bucket, 0, BPF_CORE_READ(table, mask) + 1) {
		node = BPF_CORE_READ(&slots[bucket], head.first);
		bpf_repeat(600) {
			if (!node)
				break;
			sk = (void *)node - bpf_core_field_offset(struct sock_common, skc_portaddr_node);
			if (BPF_CORE_READ(sk, skc_net.net) == net)
				BPF_SEQ_PRINTF(seq, "1 %llu\n", (unsigned long long)sk);
			node = BPF_CORE_READ(node, next);
		}
	}
	return 0;
}
