// Cases fall through.
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
	int n = 0;

	switch (task->pid & 7) {
	case 0:
		n += 100;
		__attribute__((fallthrough));
	case 1:
	case 2:
		n += 10;
	case 3:
		n++;
		break;
	default:
		n = -1;
	case 6:;
	}
	BPF_SEQ_PRINTF(seq, "%d\n", n);
	return 0;
}
