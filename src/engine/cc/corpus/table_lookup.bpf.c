// A table of constants, indexed by a value.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#ifndef BPF_SEQ_PRINTF
#include <bpf/bpf_tracing.h>
#endif

char LICENSE[] SEC("license") = "GPL";
static const unsigned short table[9] = { 1, 10, 100, 1000, 10000, 7, 77, 777, 9 };
SEC("iter/task")
int dump(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct seq_file *seq = ctx->meta->seq;

	if (!task)
		return 0;
	BPF_SEQ_PRINTF(seq, "%d %u\n", task->pid, table[task->pid & 7]);
	return 0;
}
