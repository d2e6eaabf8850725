// Byte swaps.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#ifndef BPF_SEQ_PRINTF
#include <bpf/bpf_tracing.h>
#endif
#include <bpf/bpf_endian.h>

char LICENSE[] SEC("license") = "GPL";

SEC("iter/task")
int dump(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct seq_file *seq = ctx->meta->seq;

	if (!task)
		return 0;
	BPF_SEQ_PRINTF(seq, "%x %x %lx\n", bpf_htons(task->pid), bpf_htonl(task->pid), (unsigned long)bpf_cpu_to_be64(task->pid));
	return 0;
}
