// A switch over small numbers.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#ifndef BPF_SEQ_PRINTF
#include <bpf/bpf_tracing.h>
#endif

char LICENSE[] SEC("license") = "GPL";
static __always_inline char letter(unsigned int state)
{
	switch (state) {
	case 0: return 'R';
	case 1: return 'S';
	case 2: return 'D';
	case 4: return 'T';
	case 8: return 't';
	case 0x10 ... 0x3f: return 'X';
	default: return '?';
	}
}
SEC("iter/task")
int dump(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct seq_file *seq = ctx->meta->seq;

	if (!task)
		return 0;
	BPF_SEQ_PRINTF(seq, "%d %c\n", task->pid, letter(task->__state));
	return 0;
}
