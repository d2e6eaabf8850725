// Kernel threads have no mm.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";
static int kernel, user;

SEC("iter/task")
int dump(struct bpf_iter__task *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct task_struct *task = ctx->task;

	if (!task)
		return 0;
	if (task->mm)
		user++;
	else
		kernel++;
	BPF_SEQ_PRINTF(seq, "%d %s %d %d\n", task->pid, task->mm ? "user" : task->flags & 0x200000 ? "kthread" : "other", kernel, user);
	return 0;
}
