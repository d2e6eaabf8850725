// The last pids in a ring.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";
static int ring[4];
static unsigned int at;

SEC("iter/task")
int dump(struct bpf_iter__task *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct task_struct *task = ctx->task;

	if (!task)
		return 0;
	ring[at++ & 3] = task->pid;
	BPF_SEQ_PRINTF(seq, "%d %d %d %d\n", ring[0], ring[1], ring[2], ring[3]);
	return 0;
}
