// The conditional without a middle evaluates its condition once.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";
static int calls;
static int count(int x) { calls++; return x; }

SEC("iter/task")
int dump(struct bpf_iter__task *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct task_struct *task = ctx->task;

	if (!task)
		return 0;
	int r = count(task->pid & 3) ?: count(9) ?: 5;

	BPF_SEQ_PRINTF(seq, "%d %d\n", r, calls);
	return 0;
}
