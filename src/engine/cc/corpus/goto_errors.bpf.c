// Errors leave by goto.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";
static __noinline int check(int pid)
{
	int err = -1;

	if (pid < 0)
		goto out;
	err = -2;
	if (pid & 1)
		goto odd;
	err = 0;
out:
	return err;
odd:
	err *= 10;
	goto out;
}

SEC("iter/task")
int dump(struct bpf_iter__task *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct task_struct *task = ctx->task;

	if (!task)
		return 0;
	BPF_SEQ_PRINTF(seq, "%d %d\n", task->pid, check(task->pid));
	return 0;
}
