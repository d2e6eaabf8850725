// bpf_for and bpf_repeat.
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
	int i, sum = 0;

	bpf_for(i, 0, 10) {
		if (i == (task->pid & 7))
			continue;
		if (i == 9)
			break;
		sum += i;
	}
	bpf_repeat(3)
		sum += 100;
	BPF_SEQ_PRINTF(seq, "%d %d\n", task->pid, sum);
	return 0;
}
