// Signed bit-fields extend, unsigned ones wrap.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";
struct b { int s : 5; unsigned int u : 5; long l : 40; };
struct b global;

SEC("iter/task")
int dump(struct bpf_iter__task *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct task_struct *task = ctx->task;

	if (!task)
		return 0;
	global.s = task->pid;
	global.u = task->pid;
	global.l = (long)task->pid << 36;
	BPF_SEQ_PRINTF(seq, "%d %d %ld\n", global.s, global.u, (long)global.l);
	return 0;
}
