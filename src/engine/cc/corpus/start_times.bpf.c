// Start times in seconds and the rest.
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
	unsigned long t = task->start_time;

	BPF_SEQ_PRINTF(seq, "%d %lu.%06lu\n", task->pid, t / 1000000000, t / 1000 % 1000000);
	return 0;
}
