// A struct of our own stands for the kernel's.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";
struct task_struct___mine { int tgid; int pid; char comm[16]; } __attribute__((preserve_access_index));

SEC("iter/task")
int dump(struct bpf_iter__task *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct task_struct *task = ctx->task;

	if (!task)
		return 0;
	struct task_struct___mine *mine = (void *)task;

	BPF_SEQ_PRINTF(seq, "%d %d %s\n", mine->pid, mine->tgid, mine->comm);
	return 0;
}
