// Hexadecimal digits made by hand.
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
	char out[9] = {};
	unsigned int v = task->pid * 2654435761u;

	for (int i = 0; i < 8; i++) {
		unsigned int d = v >> (28 - 4 * i) & 15;

		out[i] = d < 10 ? '0' + d : 'a' + d - 10;
	}
	BPF_SEQ_PRINTF(seq, "%s %x\n", out, v);
	return 0;
}
