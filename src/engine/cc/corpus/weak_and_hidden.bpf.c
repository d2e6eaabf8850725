// Weak and hidden symbols.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";
int tunable __weak = 3;
__hidden int scale(int x) { return x * tunable; }
__weak int shift(int x) { return x + 1; }

SEC("iter/task")
int dump(struct bpf_iter__task *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct task_struct *task = ctx->task;

	if (!task)
		return 0;
	BPF_SEQ_PRINTF(seq, "%d %d\n", scale(task->pid), shift(task->pid));
	return 0;
}
