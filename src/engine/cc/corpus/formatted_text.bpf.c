// bpf_snprintf with many arguments.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

SEC("iter/task")
int dump(struct bpf_iter__task *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct task_struct *task = ctx->task;

	if (!task)
		return 0;
	char out[64];
	long n = BPF_SNPRINTF(out, sizeof(out), "%d:%s:%x:%lu:%c", task->pid, task->comm, task->tgid, 123456789012ul, 'z');

	BPF_SEQ_PRINTF(seq, "%s %ld\n", out, n);
	return 0;
}
