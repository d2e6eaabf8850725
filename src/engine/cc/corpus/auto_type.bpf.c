// __auto_type takes the type of its initialiser.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

SEC("iter/task")
int dump(struct bpf_iter__task *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct task_struct *task = ctx->task;

	if (!task)
		return 0;
	__auto_type pid = task->pid;
	__auto_type wide = (unsigned long)pid << 33;
	__auto_type name = task->comm;

	BPF_SEQ_PRINTF(seq, "%d %lx %s\n", pid, wide, name);
	return 0;
}
