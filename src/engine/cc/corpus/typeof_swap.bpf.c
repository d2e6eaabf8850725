// typeof of variables and of expressions.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";
#define swap(a, b) do { typeof(a) t = (a); (a) = (b); (b) = t; } while (0)

SEC("iter/task")
int dump(struct bpf_iter__task *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct task_struct *task = ctx->task;

	if (!task)
		return 0;
	long a = task->pid;
	typeof(a + 1) b = task->tgid * 3;
	typeof(&a) p = &b;

	if (a & 1)
		swap(a, b);
	BPF_SEQ_PRINTF(seq, "%ld %ld %ld\n", a, b, *p);
	return 0;
}
