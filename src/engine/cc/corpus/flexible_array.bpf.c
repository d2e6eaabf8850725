// A flexible array member with an initialiser.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";
struct list { int n; short item[]; };
static struct list list = { 4, { 10, 20, 30, 40 } };

SEC("iter/task")
int dump(struct bpf_iter__task *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct task_struct *task = ctx->task;

	if (!task)
		return 0;
	unsigned int i = task->pid & 3;

	list.item[i] += 1;
	BPF_SEQ_PRINTF(seq, "%d %d\n", list.n, list.item[i]);
	return 0;
}
