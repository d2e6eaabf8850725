// A range of elements has one initialiser.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";
static const unsigned char weight[16] = { [0 ... 3] = 1, [4 ... 7] = 2, [12] = 9, 10, [15] = 3 };

SEC("iter/task")
int dump(struct bpf_iter__task *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct task_struct *task = ctx->task;

	if (!task)
		return 0;
	BPF_SEQ_PRINTF(seq, "%d %d\n", task->pid, weight[task->pid & 15]);
	return 0;
}
