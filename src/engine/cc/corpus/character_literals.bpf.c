// Characters, escapes and joined strings.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";
static const char odd[] = "a\tb\x41\102\\" "c";

SEC("iter/task")
int dump(struct bpf_iter__task *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct task_struct *task = ctx->task;

	if (!task)
		return 0;
	BPF_SEQ_PRINTF(seq, "%s %d %d %d %d\n", odd, '\n', '\x7f', '\'', (int)sizeof(odd));
	return 0;
}
