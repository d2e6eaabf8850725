// The __atomic builtins.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";
long total;
int turns;

SEC("iter/task")
int dump(struct bpf_iter__task *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct task_struct *task = ctx->task;

	if (!task)
		return 0;
	long t = __atomic_add_fetch(&total, task->pid, __ATOMIC_SEQ_CST);
	int before = __atomic_fetch_or(&turns, 4, __ATOMIC_RELAXED);
	int now = __atomic_xor_fetch(&turns, 1, __ATOMIC_RELAXED);

	__atomic_and_fetch(&turns, ~8, __ATOMIC_ACQUIRE);
	BPF_SEQ_PRINTF(seq, "%ld %d %d %d\n", t, before, now, __atomic_exchange_n(&turns, 1, __ATOMIC_SEQ_CST));
	return 0;
}
