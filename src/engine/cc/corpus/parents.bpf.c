// The way up from a task to the first.
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
	struct task_struct *at = task;
	int depth = 0;

	for (int i = 0; i < 16; i++) {
		int pid = BPF_CORE_READ(at, pid);

		if (pid <= 1)
			break;
		at = BPF_CORE_READ(at, real_parent);
		depth++;
	}
	BPF_SEQ_PRINTF(seq, "%d %d\n", task->pid, depth);
	return 0;
}
