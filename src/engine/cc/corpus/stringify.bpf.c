// The # operator, and texts from __func__ and __LINE__.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";
#define STR(x) #x
#define XSTR(x) STR(x)
#define LIMIT 42

SEC("iter/task")
int dump(struct bpf_iter__task *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct task_struct *task = ctx->task;

	if (!task)
		return 0;
	BPF_SEQ_PRINTF(seq, "%d " XSTR(LIMIT) " " STR(a + "b" 'c') " %s\n", task->pid, __func__);
	return 0;
}
