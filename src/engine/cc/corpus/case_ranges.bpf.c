// Ranges in case labels.
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
	const char *kind;

	switch (task->pid) {
	case 0 ... 1: kind = "first"; break;
	case 2 ... 99: kind = "early"; break;
	case 100: kind = "hundred"; break;
	case 101 ... 1000: kind = "some"; break;
	default: kind = "late";
	}
	BPF_SEQ_PRINTF(seq, "%d %s\n", task->pid, kind);
	return 0;
}
