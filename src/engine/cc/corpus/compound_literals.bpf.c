// Compound literals as arguments and behind &.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";
struct pair { int a, b; };
static __noinline int sum(struct pair *p) { return p ? p->a * 10 + p->b : 0; }

SEC("iter/task")
int dump(struct bpf_iter__task *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct task_struct *task = ctx->task;

	if (!task)
		return 0;
	struct pair *p = &(struct pair){ task->pid, 4 };

	p->b++;
	BPF_SEQ_PRINTF(seq, "%d %d %d\n", sum(&(struct pair){ .b = task->tgid }), sum(p), ((int[]){ 3, 1, 4 })[task->pid & 1]);
	return 0;
}
