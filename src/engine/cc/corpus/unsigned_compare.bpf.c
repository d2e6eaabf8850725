// Signed and unsigned comparisons of the same bits.
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
	int i = task->pid - 500;
	unsigned int u = i;
	long l = i;
	unsigned long w = l;

	BPF_SEQ_PRINTF(seq, "%d%d%d%d %d%d\n", i < 10, u < 10, l < 10, w < 10, i > -3, u > -3);
	return 0;
}
