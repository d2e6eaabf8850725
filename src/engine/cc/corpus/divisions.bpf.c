// Unsigned division and remainder, by constants and by values.
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
	unsigned int n = task->pid + 1000;
	unsigned long d = task->tgid + 1;
	
	BPF_SEQ_PRINTF(seq, "%u %u %lu %lu %u\n", n / 10, n % 10, 123456789ul / d, 123456789ul % d, n / 8);
	return 0;
}
