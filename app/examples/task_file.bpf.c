// SPDX-License-Identifier: GPL-2.0
/* One line for every open file: who has it, under which number, and who implements it. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

/* 0: every process. Set it before load and the program itself filters, after it was called. */
const volatile int target_pid = 0;

SEC("iter/task_file")
int dump_task_file(struct bpf_iter__task_file *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct task_struct *task = ctx->task;
	struct file *file = ctx->file;
	__u32 fd = ctx->fd;

	/* NULL once: the walk is over. */
	if (!task || !file)
		return 0;

	if (ctx->meta->seq_num == 0)
		BPF_SEQ_PRINTF(seq, "    tgid      gid       fd      file\n");

	if (target_pid && task->tgid != target_pid)
		return 0;

	BPF_SEQ_PRINTF(seq, "%8d %8d %8d %lx\n", task->tgid, task->pid, fd, (long)file->f_op);
	return 0;
}
