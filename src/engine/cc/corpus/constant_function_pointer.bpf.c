// A function pointer that is constant is a call.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";
static int twice(int x) { return x * 2; }
static int thrice(int x) { return x * 3; }

SEC("iter/task")
int dump(struct bpf_iter__task *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct task_struct *task = ctx->task;

	if (!task)
		return 0;
	int (*const f)(int) = thrice;
	int (*g)(int) = &twice;

	BPF_SEQ_PRINTF(seq, "%d %d %d\n", f(task->pid), g(task->pid), (*g)(1));
	return 0;
}
