// Designators that go deep, and a later one that wins.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";
struct in { int a, b; };
struct out { struct in list[3]; int n; };

SEC("iter/task")
int dump(struct bpf_iter__task *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct task_struct *task = ctx->task;

	if (!task)
		return 0;
	struct out x = { .list[1].b = task->pid, .list[2] = { 5, .b = 6 }, .n = 1, .n = 2 };

	BPF_SEQ_PRINTF(seq, "%d %d %d %d %d\n", x.list[0].a, x.list[1].b, x.list[2].a, x.list[2].b, x.n);
	return 0;
}
