// Hints about branches change nothing.
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
	int r = 0;

	if (likely(task->pid > 1))
		r = 1;
	if (unlikely(task->pid == 1) || __builtin_expect(task->tgid, 0) == 2)
		r += 2;
	BPF_SEQ_PRINTF(seq, "%d %d\n", task->pid, r);
	return 0;
}
