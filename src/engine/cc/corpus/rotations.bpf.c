// Rotations and shifts by a variable.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";
static inline unsigned int rol(unsigned int x, int n) { return x << (n & 31) | x >> (-n & 31); }

SEC("iter/task")
int dump(struct bpf_iter__task *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct task_struct *task = ctx->task;

	if (!task)
		return 0;
	unsigned int x = rol(0x80000001u + task->pid, task->pid);
	long s = -(long)task->pid >> (task->pid & 7);

	BPF_SEQ_PRINTF(seq, "%x %ld %lx\n", x, s, 1ul << (task->pid & 63));
	return 0;
}
