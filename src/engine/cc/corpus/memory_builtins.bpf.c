// memset, memcpy and memmove of constant sizes.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";
struct blob { char b[24]; };

SEC("iter/task")
int dump(struct bpf_iter__task *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct task_struct *task = ctx->task;

	if (!task)
		return 0;
	struct blob a, b;

	__builtin_memset(&a, 0x41, sizeof(a));
	a.b[23] = 0;
	__builtin_memcpy(&b, &a, sizeof(b));
	b.b[3] = 'x';
	b.b[0] = 'a' + (task->pid & 15);
	__builtin_memmove(&b.b[4], &b.b[0], 12);
	BPF_SEQ_PRINTF(seq, "%s %s\n", a.b, b.b);
	return 0;
}
