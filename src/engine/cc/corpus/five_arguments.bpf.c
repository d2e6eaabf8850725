// Static functions with five arguments, and inlined ones with more.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";
static __noinline long five(long a, int b, short c, unsigned char d, long e) { return a + b * 2 + c * 3 + d * 4 + e * 5; }
static __always_inline long seven(int a, int b, int c, int d, int e, int f, int g) { return a - b + c - d + e - f + g; }

SEC("iter/task")
int dump(struct bpf_iter__task *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct task_struct *task = ctx->task;

	if (!task)
		return 0;
	BPF_SEQ_PRINTF(seq, "%ld %ld\n", five(task->pid, -1, task->pid, task->pid, 4), seven(1, 2, 3, 4, task->pid, 6, 7));
	return 0;
}
