// A switch over 64 bits, with values far apart.
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
	unsigned long x = (unsigned long)task->pid << 30;
	int r;

	switch (x) {
	case 0x40000000ul: r = 1; break;
	case 0x80000000ul: r = 2; break;
	case 0x1900000000ul: r = 100; break;
	case ~0ul: r = 4; break;
	default: r = -1;
	}
	BPF_SEQ_PRINTF(seq, "%d %d\n", task->pid, r);
	return 0;
}
