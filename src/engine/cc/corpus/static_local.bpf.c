// A static local lives on.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#ifndef BPF_SEQ_PRINTF
#include <bpf/bpf_tracing.h>
#endif

char LICENSE[] SEC("license") = "GPL";
static __noinline int next(void)
{
	static int n = 100;

	return n += 3;
}
SEC("iter/task")
int dump(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct seq_file *seq = ctx->meta->seq;

	if (!task)
		return 0;
	BPF_SEQ_PRINTF(seq, "%d %d\n", task->pid, next());
	return 0;
}
