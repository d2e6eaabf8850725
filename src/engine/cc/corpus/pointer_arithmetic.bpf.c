// Pointers move, compare and differ.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";
static int ring[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };

SEC("iter/task")
int dump(struct bpf_iter__task *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct task_struct *task = ctx->task;

	if (!task)
		return 0;
	int *first = ring, *last = ring + 7, sum = 0;

	for (int i = 0; i < 8; i += 2)
		sum += *(first + i) * 2;
	first += task->pid & 7;
	BPF_SEQ_PRINTF(seq, "%d %d %ld %d\n", sum, *first, last - first, first < last);
	return 0;
}
