// A while loop takes a number apart.
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
	unsigned int n = task->pid, digits = 0, sum = 0;

	while (n && digits < 10) {
		sum += n % 10;
		n /= 10;
		digits++;
	}
	BPF_SEQ_PRINTF(seq, "%d %u %u\n", task->pid, digits, sum);
	return 0;
}
