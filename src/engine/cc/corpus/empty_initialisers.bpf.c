// Empty braces clear everything.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";
struct all { int a; long b[3]; struct { char c; short d; } e; };

SEC("iter/task")
int dump(struct bpf_iter__task *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct task_struct *task = ctx->task;

	if (!task)
		return 0;
	struct all x = {}, y = { .b = {}, .e = {} };
	int n[4] = {};

	x.b[1] = task->pid;
	y.e.d = task->tgid;
	n[3] = 7;
	BPF_SEQ_PRINTF(seq, "%d %ld %ld %d %d %d\n", x.a, x.b[0], x.b[1], y.e.c, y.e.d, n[0] + n[3]);
	return 0;
}
