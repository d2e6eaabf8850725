// A field that may not be there.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#ifndef BPF_SEQ_PRINTF
#include <bpf/bpf_tracing.h>
#endif
#include <bpf/bpf_core_read.h>

char LICENSE[] SEC("license") = "GPL";
struct task_struct___old { long state; } __attribute__((preserve_access_index));
SEC("iter/task")
int dump(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct seq_file *seq = ctx->meta->seq;

	if (!task)
		return 0;
	unsigned int state = task->__state;
	
	if (bpf_core_field_exists(((struct task_struct___old *)task)->state))
		state = 77;
	BPF_SEQ_PRINTF(seq, "%d %u %d\n", task->pid, state, (int)bpf_core_field_size(task->comm));
	return 0;
}
