// Text is made first, written later.
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
	char line[64];
	unsigned long args[] = { task->pid, task->tgid };
	long n = bpf_snprintf(line, sizeof(line), "<%d:%d>", args, sizeof(args));
	
	if (n > 0 && n <= (long)sizeof(line))
		bpf_seq_write(seq, line, (n - 1) & 63);
	return 0;
}
