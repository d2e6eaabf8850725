// Inline assembly with operands and labels.
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
	long x = task->pid, y;

	asm volatile("%[y] = %[x]; if %[x] s> 100 goto 1f; %[y] *= 3; 1: %[y] += %[k]"
		     : [y] "=&r"(y) : [x] "r"(x), [k] "i"(1000));
	barrier_var(x);
	BPF_SEQ_PRINTF(seq, "%ld %ld\n", x, y);
	return 0;
}
