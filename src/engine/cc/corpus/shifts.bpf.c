// Shifts of both signs and widths.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#ifndef BPF_SEQ_PRINTF
#include <bpf/bpf_tracing.h>
#endif

char LICENSE[] SEC("license") = "GPL";

SEC("iter/task")
int dump(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct seq_file *seq = ctx->meta->seq;

	if (!task)
		return 0;
	int n = -task->pid;
	long wide = (long)task->pid << 40;
	
	BPF_SEQ_PRINTF(seq, "%d %u %ld %lx\n", n >> 3, (unsigned int)n >> 28, wide >> 35, (unsigned long)wide << 4);
	return 0;
}
