// SPDX-License-Identifier: GPL-2.0
/*
 * The table of UNIX sockets by hand, found from the reader's network namespace: half of its buckets are for sockets
 * without a name or with one in the file system, half for abstract names.
 * Lines of the iterator begin with 0, those of the walk by hand, made in its last call, with 1.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

char LICENSE[] SEC("license") = "GPL";

#define UNIX_HASH_SIZE 512

SEC("iter/unix")
int walk(struct bpf_iter__unix *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct hlist_head *buckets;
	struct hlist_node *node;
	struct net *net;
	int bucket;

	if (ctx->unix_sk) {
		BPF_SEQ_PRINTF(seq, "0 %llu\n", (unsigned long long)ctx->unix_sk);
		return 0;
	}
	net = BPF_CORE_READ(bpf_get_current_task_btf(), nsproxy, net_ns);
	buckets = BPF_CORE_READ(net, unx.table.buckets);
	bpf_for(bucket, 0, UNIX_HASH_SIZE) {
		node = BPF_CORE_READ(&buckets[bucket], first);
		bpf_repeat(600) {
			if (!node)
				break;
			BPF_SEQ_PRINTF(seq, "1 %llu\n",
				       (unsigned long long)node - bpf_core_field_offset(struct sock_common, skc_node));
			node = BPF_CORE_READ(node, next);
		}
	}
	return 0;
}
