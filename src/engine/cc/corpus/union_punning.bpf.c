// A union shows the same bytes as other types.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";
union u { unsigned long l; unsigned int w[2]; unsigned short h[4]; unsigned char b[8]; };

SEC("iter/task")
int dump(struct bpf_iter__task *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct task_struct *task = ctx->task;

	if (!task)
		return 0;
	union u u = { .l = 0x1122334455667788ul * (task->pid | 1) };

	BPF_SEQ_PRINTF(seq, "%x %x %x %x\n", u.w[1], u.h[2], u.b[0], u.b[7]);
	u.b[3] ^= 0xff;
	BPF_SEQ_PRINTF(seq, "%lx\n", u.l);
	return 0;
}
