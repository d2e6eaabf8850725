// Loops in loops with break and continue.
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
	int hits = 0;

	for (int i = 0; i < 8; i++) {
		if (i == (task->pid & 7))
			continue;
		for (int j = i; j < 8; j++) {
			if (i * j == 12)
				break;
			hits += j > i;
		}
	}
	BPF_SEQ_PRINTF(seq, "%d %d\n", task->pid, hits);
	return 0;
}
