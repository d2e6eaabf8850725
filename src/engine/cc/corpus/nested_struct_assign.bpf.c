// Parts of structs are assigned as wholes.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";
struct in { int a; long b; };
struct out { int n; struct in i[2]; };

SEC("iter/task")
int dump(struct bpf_iter__task *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct task_struct *task = ctx->task;

	if (!task)
		return 0;
	struct out o = { .n = 1 };
	struct in i = { task->pid, task->tgid };

	o.i[task->pid & 1] = i;
	o.i[0].a += 2;
	i = o.i[1];
	BPF_SEQ_PRINTF(seq, "%d %ld %d %ld\n", o.i[0].a, o.i[0].b, i.a, i.b);
	return 0;
}
