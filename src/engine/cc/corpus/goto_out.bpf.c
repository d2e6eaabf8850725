// goto leaves nested loops.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#ifndef BPF_SEQ_PRINTF
#include <bpf/bpf_tracing.h>
#endif

char LICENSE[] SEC("license") = "GPL";

SEC("iter/task")
int dump(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct seq_file *seq = ctx->meta->seq;

	if (!task)
		return 0;
	int i, j, found = -1;
	
	for (i = 1; i < 20; i++)
		for (j = 1; j < 20; j++)
			if (i * j == (task->pid & 0xff)) {
				found = i * 100 + j;
				goto out;
			}
	out:
	BPF_SEQ_PRINTF(seq, "%d %d\n", task->pid, found);
	return 0;
}
