// Static locals live on between calls.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";
struct last { int pid; long n; };
static int step(int pid)
{
	static struct last last = { -1, 10 };
	int before = last.pid;

	last.pid = pid;
	last.n++;
	return before + last.n;
}

SEC("iter/task")
int dump(struct bpf_iter__task *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct task_struct *task = ctx->task;

	if (!task)
		return 0;
	BPF_SEQ_PRINTF(seq, "%d\n", step(task->pid));
	return 0;
}
