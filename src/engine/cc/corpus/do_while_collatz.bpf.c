// do ... while, left from the middle.
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
	unsigned long n = task->pid;
	int steps = 0;

	do {
		if (n <= 1)
			break;
		n = n & 1 ? 3 * n + 1 : n / 2;
	} while (++steps < 60);
	BPF_SEQ_PRINTF(seq, "%d %d %lu\n", task->pid, steps, n);
	return 0;
}
