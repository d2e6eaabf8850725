// bpf_loop with a callback.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#ifndef BPF_SEQ_PRINTF
#include <bpf/bpf_tracing.h>
#endif

char LICENSE[] SEC("license") = "GPL";
struct acc { long sum; int step; };

static long add(unsigned int i, void *data)
{
	struct acc *acc = data;

	acc->sum += i * acc->step;
	return i == 20;
}
SEC("iter/task")
int dump(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct seq_file *seq = ctx->meta->seq;

	if (!task)
		return 0;
	struct acc acc = { .step = task->pid & 7 };
	
	bpf_loop(50, add, &acc, 0);
	BPF_SEQ_PRINTF(seq, "%d %ld\n", task->pid, acc.sum);
	return 0;
}
