// A constant that user space sets chooses the branch.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";
const volatile int only_odd = 0;
const volatile unsigned int least = 2;
const volatile char prefix[4] = "";

SEC("iter/task")
int dump(struct bpf_iter__task *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct task_struct *task = ctx->task;

	if (!task)
		return 0;
	if (only_odd && !(task->pid & 1))
		return 0;
	if (task->pid < least)
		return 0;
	for (int i = 0; i < 4 && prefix[i]; i++)
		if (task->comm[i] != prefix[i])
			return 0;
	BPF_SEQ_PRINTF(seq, "%d %s\n", task->pid, task->comm);
	return 0;
}
