// SPDX-License-Identifier: GPL-2.0
/*
 * The routing table "main" by hand, from the reader's network namespace: left, right, then the routes of the node
 * itself, up by the pointer to its parent. Run as a walk of one task, the reader.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

char LICENSE[] SEC("license") = "GPL";

#define RTN_RTINFO 4

SEC("iter/task")
int walk(struct bpf_iter__task *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct task_struct *task = ctx->task;
	struct fib6_node *at, *root, *left, *right, *from = NULL;
	struct fib6_info *rt;
	struct fib6_table *table;
	int n = 0;

	if (!task)
		return 0;
	table = BPF_CORE_READ(task, nsproxy, net_ns, ipv6.fib6_main_tbl);
	root = (struct fib6_node *)((char *)table + bpf_core_field_offset(struct fib6_table, tb6_root));
	at = root;
	bpf_repeat(2000) {
		left = BPF_CORE_READ(at, left);
		right = BPF_CORE_READ(at, right);
		/* from: where we came up from, NULL on the way down. */
		if (!from && left) {
			at = left;
			continue;
		}
		if (right && from != right) {
			at = right;
			from = NULL;
			continue;
		}
		if (BPF_CORE_READ(at, fn_flags) & RTN_RTINFO) {
			rt = BPF_CORE_READ(at, leaf);
			bpf_repeat(64) {
				if (!rt)
					break;
				BPF_SEQ_PRINTF(seq, "%d %llu\n", n++, (unsigned long long)rt);
				rt = BPF_CORE_READ(rt, fib6_next);
			}
		}
		if (at == root)
			break;
		from = at;
		at = BPF_CORE_READ(at, parent);
	}
	return 0;
}
