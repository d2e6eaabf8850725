// Members through three pointers.
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
	if (task->mm)
		BPF_SEQ_PRINTF(seq, "%d %lu\n", task->pid, (unsigned long)task->mm->map_count);
	BPF_SEQ_PRINTF(seq, "%d parent %d of %d\n", task->pid, task->real_parent->pid, task->real_parent->real_parent->pid);
	return 0;
}
