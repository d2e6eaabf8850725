// memcmp of constant sizes.
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
	char want[8] = "init", have[8] = {};

	bpf_probe_read_kernel_str(have, sizeof(have), task->comm);
	BPF_SEQ_PRINTF(seq, "%d %d %d\n", task->pid, !__builtin_memcmp(want, have, 8), __builtin_memcmp(want, have, 4) != 0);
	return 0;
}
