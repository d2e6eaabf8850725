// Bit-fields of a struct of our own.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#ifndef BPF_SEQ_PRINTF
#include <bpf/bpf_tracing.h>
#endif

char LICENSE[] SEC("license") = "GPL";
struct flags { unsigned int leader : 1; unsigned int kernel : 1; int nice : 6; unsigned int rest : 24; };
SEC("iter/task")
int dump(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct seq_file *seq = ctx->meta->seq;

	if (!task)
		return 0;
	struct flags f = {};
	
	f.leader = task->pid == task->tgid;
	f.kernel = !task->mm;
	f.nice = (task->static_prio - 120) & 0x3f;
	f.rest = task->pid * 3;
	BPF_SEQ_PRINTF(seq, "%d %d %d %d\n", f.leader, f.kernel, f.nice, f.rest);
	return 0;
}
