// A global counts, the last line tells.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#ifndef BPF_SEQ_PRINTF
#include <bpf/bpf_tracing.h>
#endif

char LICENSE[] SEC("license") = "GPL";
static long threads;
long leaders = 0;
SEC("iter/task")
int dump(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct seq_file *seq = ctx->meta->seq;

	if (!task)
		return 0;
	threads++;
	if (task->pid == task->tgid)
		leaders++;
	BPF_SEQ_PRINTF(seq, "%ld/%ld\n", leaders, threads);
	return 0;
}
