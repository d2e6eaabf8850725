// SPDX-License-Identifier: GPL-2.0
/* The children of a task: reads the target that task_children.c registers. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

SEC("iter/task_children")
int dump_children(struct bpf_iter__task_children *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct task_struct *parent = ctx->parent, *child = ctx->child;

	if (!parent || !child)
		return 0;
	if (ctx->meta->seq_num == 0)
		BPF_SEQ_PRINTF(seq, "children of %s (%d)\n", parent->comm, parent->pid);
	BPF_SEQ_PRINTF(seq, "%8d %s\n", child->pid, child->comm);
	return 0;
}
