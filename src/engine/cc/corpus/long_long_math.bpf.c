// 64-bit constants and multiplication.
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
	unsigned long h = 0xcbf29ce484222325ul;
	int i;
	
	for (i = 0; i < 16; i++)
		h = (h ^ (unsigned char)task->comm[i]) * 0x100000001b3ul;
	BPF_SEQ_PRINTF(seq, "%s %lx\n", task->comm, h);
	return 0;
}
