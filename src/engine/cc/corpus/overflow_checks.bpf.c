// Arithmetic that says whether it fits.
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
	int i;
	unsigned char c;
	unsigned long u;
	_Bool a = __builtin_add_overflow(0x7fffff00, task->pid, &i);
	_Bool b = __builtin_mul_overflow(task->pid, 3, &c);
	_Bool d = __builtin_sub_overflow(10ul, (unsigned long)task->pid, &u);

	BPF_SEQ_PRINTF(seq, "%d %d %d %d %d %lu\n", a, i, b, c, d, u);
	return 0;
}
