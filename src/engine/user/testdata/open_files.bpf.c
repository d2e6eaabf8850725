#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

int target_pid;
int seen;
const volatile int limit = 100;

/* One line for each open file of a process: process, thread, descriptor. */
SEC("iter/task_file")
int dump(struct bpf_iter__task_file *ctx)
{
	struct task_struct *task = ctx->task;

	if (!task || !ctx->file || seen >= limit)
		return 0;
	if (target_pid && task->tgid != target_pid)
		return 0;
	seen++;
	BPF_SEQ_PRINTF(ctx->meta->seq, "%8d %8d %8d\n", task->tgid, task->pid, ctx->fd);
	return 0;
}
