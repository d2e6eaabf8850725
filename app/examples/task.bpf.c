// SPDX-License-Identifier: GPL-2.0
/* Every thread, by number, with its parent: the walk itself knows nothing of parentage. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

SEC("iter/task")
int dump_task(struct bpf_iter__task *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct task_struct *task = ctx->task;

	if (!task) {
		BPF_SEQ_PRINTF(seq, "=== END ===\n");
		return 0;
	}
	if (ctx->meta->seq_num == 0)
		BPF_SEQ_PRINTF(seq, "    tgid      tid   parent  comm\n");

	BPF_SEQ_PRINTF(seq, "%8d %8d %8d  %s\n", task->tgid, task->pid, task->real_parent->tgid, task->comm);
	return 0;
}
