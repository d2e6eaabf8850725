// Bit-fields are counted up and down.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";
struct c { unsigned char a : 3, b : 4; unsigned short d : 9; };
struct c c;

SEC("iter/task")
int dump(struct bpf_iter__task *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct task_struct *task = ctx->task;

	if (!task)
		return 0;
	c.a++;
	c.b += task->pid;
	c.d -= 3;
	c.d ^= task->tgid;
	BPF_SEQ_PRINTF(seq, "%d %d %d\n", c.a, c.b, c.d);
	return 0;
}
