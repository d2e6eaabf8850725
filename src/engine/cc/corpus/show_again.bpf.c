// A program that asks for the same object once more.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";
static int again;

SEC("iter/task")
int dump(struct bpf_iter__task *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct task_struct *task = ctx->task;

	if (!task)
		return 0;
	if (!again && (task->pid & 3) == 1) {
		again = 1;
		BPF_SEQ_PRINTF(seq, "twice\n");
		return 1;
	}
	again = 0;
	BPF_SEQ_PRINTF(seq, "%d\n", task->pid);
	return 0;
}
