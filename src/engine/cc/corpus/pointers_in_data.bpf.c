// Data that holds addresses is filled in when it is used.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";
static int a = 3, b = 4;
static const char *const label = "text";

SEC("iter/task")
int dump(struct bpf_iter__task *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct task_struct *task = ctx->task;

	if (!task)
		return 0;
	int *p = task->pid & 1 ? &a : &b;

	*p += 2;
	BPF_SEQ_PRINTF(seq, "%d %d %s\n", a, b, label);
	return 0;
}
