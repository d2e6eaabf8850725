// Every common conversion.
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
	unsigned long p = task->pid;

	BPF_SEQ_PRINTF(seq, "%d|%5d|%-5d|%05d|%u|%x|%08x|%lx|%lu|%llu|%c|%%\n", task->pid, task->pid, task->pid, task->pid,
		       task->tgid, task->pid, task->pid, p << 20, p, (unsigned long long)p * 7, 'a' + (task->pid & 7));
	BPF_SEQ_PRINTF(seq, "%s|%16s|%-16s|%i\n", task->comm, task->comm, task->comm, -task->pid);
	return 0;
}
