// A set of numbers as bits.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";
unsigned long bits[8];
static void set(unsigned int n) { bits[n / 64 & 7] |= 1ul << (n & 63); }
static _Bool has(unsigned int n) { return bits[n / 64 & 7] >> (n & 63) & 1; }

SEC("iter/task")
int dump(struct bpf_iter__task *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct task_struct *task = ctx->task;

	if (!task)
		return 0;
	_Bool was = has(task->tgid);

	set(task->tgid);
	BPF_SEQ_PRINTF(seq, "%d %d %d\n", task->pid, was, has(task->pid));
	return 0;
}
