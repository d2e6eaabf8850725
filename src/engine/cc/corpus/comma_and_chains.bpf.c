// Commas, chained assignments and increments.
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
	int a, b, c, i = 0;
	int v[4] = {};

	a = b = c = task->pid;
	a += (b++, c--, b - c);
	v[i++] = a;
	v[i++] = b;
	v[++i] = i;
	BPF_SEQ_PRINTF(seq, "%d %d %d %d %d\n", v[0], v[1], v[2], v[3], c);
	return 0;
}
