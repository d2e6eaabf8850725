// Work in a function of its own.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#ifndef BPF_SEQ_PRINTF
#include <bpf/bpf_tracing.h>
#endif

char LICENSE[] SEC("license") = "GPL";
static __noinline unsigned long mix(unsigned long a, unsigned long b)
{
	return (a ^ (b << 7)) * 0x9e3779b97f4a7c15ul;
}
SEC("iter/task")
int dump(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct seq_file *seq = ctx->meta->seq;

	if (!task)
		return 0;
	BPF_SEQ_PRINTF(seq, "%d %lx\n", task->pid, mix(task->pid, task->tgid));
	return 0;
}
