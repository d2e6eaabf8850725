// A union looks at the bytes of a number.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#ifndef BPF_SEQ_PRINTF
#include <bpf/bpf_tracing.h>
#endif

char LICENSE[] SEC("license") = "GPL";
union bytes { unsigned int n; unsigned char b[4]; unsigned short h[2]; };
SEC("iter/task")
int dump(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct seq_file *seq = ctx->meta->seq;

	if (!task)
		return 0;
	union bytes u = { .n = task->pid * 0x01020304u };
	
	BPF_SEQ_PRINTF(seq, "%x %x %x %x\n", u.b[0], u.b[3], u.h[1], u.n);
	return 0;
}
