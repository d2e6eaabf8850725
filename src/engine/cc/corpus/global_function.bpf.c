// A global function is verified by itself.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";
__noinline int weigh(int a, long b, char c)
{
	volatile int r = 0;

	for (int i = 0; i < 4; i++)
		r += a * i + b - c;
	return r;
}

SEC("iter/task")
int dump(struct bpf_iter__task *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct task_struct *task = ctx->task;

	if (!task)
		return 0;
	BPF_SEQ_PRINTF(seq, "%d\n", weigh(task->pid, task->tgid, 'c'));
	return 0;
}
