// Members of anonymous structs and unions.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";
struct shape { int kind; union { struct { int w, h; }; int side; long all; }; };

SEC("iter/task")
int dump(struct bpf_iter__task *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct task_struct *task = ctx->task;

	if (!task)
		return 0;
	struct shape s = { .kind = task->pid & 1, .w = task->pid, .h = 3 };

	if (s.kind)
		s.side = 8;
	BPF_SEQ_PRINTF(seq, "%d %d %d %lx\n", s.kind, s.w, s.h, s.all);
	return 0;
}
