// Atomic operations on globals.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#ifndef BPF_SEQ_PRINTF
#include <bpf/bpf_tracing.h>
#endif

char LICENSE[] SEC("license") = "GPL";
unsigned long sum, bits, last, swapped;
SEC("iter/task")
int dump(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct seq_file *seq = ctx->meta->seq;

	if (!task)
		return 0;
	unsigned long old = __sync_fetch_and_add(&sum, task->pid);
	
	__sync_fetch_and_or(&bits, task->pid);
	last = __sync_lock_test_and_set(&swapped, task->pid);
	__sync_val_compare_and_swap(&last, 1, 2);
	BPF_SEQ_PRINTF(seq, "%lu %lu %lu %lu\n", old, sum, bits, last);
	return 0;
}
