// BPF_CORE_READ follows pointers.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

char LICENSE[] SEC("license") = "GPL";

SEC("iter/task")
int dump(struct bpf_iter__task *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct task_struct *task = ctx->task;

	if (!task)
		return 0;
	BPF_SEQ_PRINTF(seq, "%d %d %d\n", task->pid, BPF_CORE_READ(task, real_parent, tgid),
		       BPF_CORE_READ(task, real_parent, real_parent, pid));
	return 0;
}
