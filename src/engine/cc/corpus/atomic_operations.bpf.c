// Every __sync operation, with and without its result.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";
unsigned long a, o, x = ~0ul, s;
unsigned int n = 5;

SEC("iter/task")
int dump(struct bpf_iter__task *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct task_struct *task = ctx->task;

	if (!task)
		return 0;
	unsigned long before = __sync_fetch_and_add(&a, task->pid);
	unsigned long after = __sync_add_and_fetch(&a, 1);

	__sync_fetch_and_or(&o, 1ul << (task->pid & 63));
	__sync_fetch_and_and(&x, ~(1ul << (task->pid & 63)));
	__sync_fetch_and_xor(&s, task->pid);
	__sync_fetch_and_sub(&n, 2);
	BPF_SEQ_PRINTF(seq, "%lu %lu %lx %lx %lu %u\n", before, after, o, x, s, __sync_sub_and_fetch(&n, 1));
	return 0;
}
