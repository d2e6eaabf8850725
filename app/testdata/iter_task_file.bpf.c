// SPDX-License-Identifier: GPL-2.0
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

SEC("iter/task_file")
int dump(struct bpf_iter__task_file *ctx)
{
	struct task_struct *task = ctx->task;
	struct file *file = ctx->file;

	if (task && file)
		BPF_SEQ_PRINTF(ctx->meta->seq, "%d %d %lx %lu\n", task->pid, ctx->fd, (long)file->f_op,
			       file->f_inode->i_ino);
	return 0;
}
