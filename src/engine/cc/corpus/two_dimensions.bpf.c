// Arrays of arrays.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";
static int grid[4][6];

SEC("iter/task")
int dump(struct bpf_iter__task *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct task_struct *task = ctx->task;

	if (!task)
		return 0;
	unsigned int r = task->pid & 3, c = task->tgid & 3;

	grid[r][c + 1] += task->pid;
	grid[c][r]--;
	BPF_SEQ_PRINTF(seq, "%d %d %d\n", grid[r][c + 1], grid[c][r], (int)(sizeof(grid) / sizeof(grid[0])));
	return 0;
}
