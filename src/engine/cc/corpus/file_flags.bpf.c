// Files of every task with their flags.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";
#include <bpf/bpf_tracing.h>
SEC("iter/task_file")
int dump(struct bpf_iter__task_file *ctx)
{
	struct task_struct *task = ctx->task;
	struct file *file = ctx->file;

	if (!task || !file)
		return 0;
	BPF_SEQ_PRINTF(ctx->meta->seq, "%d %u %x %lld\n", task->pid, ctx->fd, file->f_flags, file->f_pos);
	return 0;
}
