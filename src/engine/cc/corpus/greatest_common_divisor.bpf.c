// Euclid, on unsigned numbers.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";
static __noinline unsigned int gcd(unsigned int a, unsigned int b)
{
	for (int i = 0; i < 20 && b; i++) {
		unsigned int t = a % b;

		a = b;
		b = t;
	}
	return a;
}

SEC("iter/task")
int dump(struct bpf_iter__task *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct task_struct *task = ctx->task;

	if (!task)
		return 0;
	BPF_SEQ_PRINTF(seq, "%d %u\n", task->pid, gcd(task->pid * 12, 90));
	return 0;
}
