// Every access to a volatile variable happens.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";
volatile int seen;
volatile const int limit = 5;
volatile unsigned char small;

SEC("iter/task")
int dump(struct bpf_iter__task *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct task_struct *task = ctx->task;

	if (!task)
		return 0;
	seen++;
	seen += limit;
	small -= 3;
	BPF_SEQ_PRINTF(seq, "%d %d\n", seen, small);
	return 0;
}
