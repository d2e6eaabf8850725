// Counting bits and finding the first.
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
	unsigned long v = task->pid * 0x9e3779b97f4a7c15ul;

	BPF_SEQ_PRINTF(seq, "%d %d %d %d\n", __builtin_popcountl(v), __builtin_ctzl(v | 1ul << 40), __builtin_clz((unsigned int)v | 1), __builtin_ffs(task->pid));
	return 0;
}
