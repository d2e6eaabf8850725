// Digits of a name as a number.
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
	char name[16];
	int n = 0, digits = 0;

	bpf_probe_read_kernel_str(name, sizeof(name), task->comm);
	for (int i = 0; i < 16 && name[i]; i++)
		if (name[i] >= '0' && name[i] <= '9') {
			n = n * 10 + (name[i] - '0');
			digits++;
		}
	BPF_SEQ_PRINTF(seq, "%s %d %d\n", name, n, digits);
	return 0;
}
