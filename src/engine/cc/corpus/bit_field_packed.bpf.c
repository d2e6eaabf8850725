// Bit-fields of a packed struct lie across bytes.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";
struct p { unsigned int a : 3, b : 13; unsigned long c : 37; } __attribute__((packed));

SEC("iter/task")
int dump(struct bpf_iter__task *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct task_struct *task = ctx->task;

	if (!task)
		return 0;
	struct p p = { .a = 5 };

	p.b = task->pid * 7;
	p.c = 0x123456789aul + task->pid;
	BPF_SEQ_PRINTF(seq, "%d %d %lx %d\n", p.a, p.b, (unsigned long)p.c, (int)sizeof(p));
	return 0;
}
