// Compare and swap, by value and by success.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";
long owner = 0;
int word = 1;

SEC("iter/task")
int dump(struct bpf_iter__task *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct task_struct *task = ctx->task;

	if (!task)
		return 0;
	long was = __sync_val_compare_and_swap(&owner, 0, task->pid);
	int now = __sync_bool_compare_and_swap(&word, 1, task->pid);
	int old = __sync_lock_test_and_set(&word, 1);

	BPF_SEQ_PRINTF(seq, "%ld %ld %d %d\n", was, owner, now, old);
	return 0;
}
