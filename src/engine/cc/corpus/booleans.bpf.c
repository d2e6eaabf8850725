// What _Bool makes of numbers and pointers.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";
struct flags { _Bool a : 1, b; };
_Bool any;

SEC("iter/task")
int dump(struct bpf_iter__task *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct task_struct *task = ctx->task;

	if (!task)
		return 0;
	struct flags f = { .a = task->pid & 2, .b = task->pid };
	_Bool p = task->mm;

	any |= p;
	any ^= f.a;
	BPF_SEQ_PRINTF(seq, "%d %d %d %d\n", f.a, f.b, p, any);
	return 0;
}
