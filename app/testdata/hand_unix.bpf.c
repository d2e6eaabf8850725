// SPDX-License-Identifier: GPL-2.0
/* Walks the table of UNIX sockets by hand, from init's network namespace. Prints what iter_unix.bpf.c prints. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

char LICENSE[] SEC("license") = "GPL";

SEC("iter/task")
int walk(struct bpf_iter__task *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct task_struct *task = ctx->task;
	struct hlist_head *buckets;
	struct hlist_node *node;
	struct sock *sk;
	int bucket, steps;

	if (!task || task->pid != 1)
		return 0;
	buckets = BPF_CORE_READ(task, nsproxy, net_ns, unx.table.buckets);
	bpf_for(bucket, 0, 512) {
		node = BPF_CORE_READ(&buckets[bucket], first);
		bpf_for(steps, 0, 64) {
			if (!node)
				break;
			sk = (void *)node - bpf_core_field_offset(struct sock, __sk_common.skc_node);
			BPF_SEQ_PRINTF(seq, "%u %lx %d\n", BPF_CORE_READ(sk, __sk_common.skc_hash), (long)sk,
				       BPF_CORE_READ(sk, sk_type));
			node = BPF_CORE_READ(node, next);
		}
	}
	return 0;
}
