// A name is copied byte by byte.
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
	char name[16] = {};
	int i;
	
	for (i = 0; i < 16 - 1; i++) {
		char c = task->comm[i];
	
		if (!c)
			break;
		name[i] = c >= 'a' && c <= 'z' ? c - 32 : c;
	}
	BPF_SEQ_PRINTF(seq, "%s\n", name);
	return 0;
}
