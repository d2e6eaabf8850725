// A small array is sorted.
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
	int a[6] = { task->pid & 15, 9, task->tgid & 7, 3, 12, 1 };

	for (int i = 0; i < 5; i++)
		for (int j = 0; j < 5 - i; j++)
			if (a[j] > a[j + 1]) {
				int t = a[j];
				a[j] = a[j + 1];
				a[j + 1] = t;
			}
	BPF_SEQ_PRINTF(seq, "%d %d %d %d %d %d\n", a[0], a[1], a[2], a[3], a[4], a[5]);
	return 0;
}
