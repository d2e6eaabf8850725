// Leaders and followers.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";
static int threads;

SEC("iter/task")
int dump(struct bpf_iter__task *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct task_struct *task = ctx->task;

	if (!task)
		return 0;
	if (task->pid == task->tgid)
		threads = 0;
	threads++;
	BPF_SEQ_PRINTF(seq, "%d/%d %d %d\n", task->tgid, task->pid, threads, task == task->group_leader);
	return 0;
}
