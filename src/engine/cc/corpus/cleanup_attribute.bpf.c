// A cleanup function runs at every way out.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";
static int left;
static void leave(int *n) { left += *n; }
static __noinline int work(int pid)
{
	int one __attribute__((cleanup(leave))) = 1;

	if (pid & 1)
		return pid;
	{
		int ten __attribute__((cleanup(leave))) = 10;

		one += ten;
	}
	return one;
}

SEC("iter/task")
int dump(struct bpf_iter__task *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct task_struct *task = ctx->task;

	if (!task)
		return 0;
	int r = work(task->pid);

	BPF_SEQ_PRINTF(seq, "%d %d\n", r, left);
	return 0;
}
