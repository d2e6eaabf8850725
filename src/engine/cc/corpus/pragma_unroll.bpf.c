// Loops that are unrolled on request.
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
	unsigned long h = 5381;

#pragma unroll
	for (int i = 0; i < 8; i++)
		h = h * 33 + task->comm[i];
#pragma clang loop unroll(disable)
	for (int i = 0; i < 5; i++)
		h += i;
	BPF_SEQ_PRINTF(seq, "%s %lx\n", task->comm, h);
	return 0;
}
