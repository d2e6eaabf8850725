// bpf_strncmp against constant texts.
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
	char comm[16];

	bpf_probe_read_kernel_str(comm, sizeof(comm), task->comm);
	BPF_SEQ_PRINTF(seq, "%s %d %d\n", comm, bpf_strncmp(comm, 7, "systemd") == 0, bpf_strncmp(comm, 16, "init") == 0);
	return 0;
}
