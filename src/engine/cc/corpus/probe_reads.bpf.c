// Reads of kernel memory that may fail.
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
	int pid = 0;
	unsigned long bad = 0;
	long ok = bpf_probe_read_kernel(&pid, sizeof(pid), &task->pid);
	long err = bpf_probe_read_kernel(&bad, sizeof(bad), (void *)8);

	BPF_SEQ_PRINTF(seq, "%d %ld %ld %lu\n", pid, ok, err, bad);
	return 0;
}
