// LINUX_KERNEL_VERSION is a kconfig variable.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";
extern int LINUX_KERNEL_VERSION __kconfig;

SEC("iter/task")
int dump(struct bpf_iter__task *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct task_struct *task = ctx->task;

	if (!task)
		return 0;
	if (LINUX_KERNEL_VERSION >= KERNEL_VERSION(5, 8, 0))
		BPF_SEQ_PRINTF(seq, "%d %d\n", task->pid, LINUX_KERNEL_VERSION >> 16);
	return 0;
}
