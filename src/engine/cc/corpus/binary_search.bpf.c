// A sorted table is searched by halves.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";
static const unsigned short table[16] = { 1, 2, 5, 10, 20, 50, 100, 101, 120, 150, 200, 300, 500, 1000, 2000, 5000 };

SEC("iter/task")
int dump(struct bpf_iter__task *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct task_struct *task = ctx->task;

	if (!task)
		return 0;
	unsigned int low = 0, high = 16;

	for (int i = 0; i < 5 && low < high; i++) {
		unsigned int mid = (low + high) / 2;

		if (table[mid & 15] < task->pid)
			low = mid + 1;
		else
			high = mid;
	}
	BPF_SEQ_PRINTF(seq, "%d %u\n", task->pid, low);
	return 0;
}
