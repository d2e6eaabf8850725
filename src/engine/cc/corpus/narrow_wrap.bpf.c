// Arithmetic of narrow types wraps where it is stored.
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
	unsigned char c = task->pid * 3;
	signed char s = task->pid * 5;
	unsigned short h = task->pid * 1000;
	short t = task->pid * 4001;

	c += 200;
	s -= 100;
	BPF_SEQ_PRINTF(seq, "%d %d %d %d\n", c, s, h, t);
	return 0;
}
