// User and group ids through the credentials.
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
	const struct cred *cred = task->cred;

	BPF_SEQ_PRINTF(seq, "%d %u %u %u\n", task->pid, cred->uid.val, cred->gid.val, cred->euid.val);
	return 0;
}
