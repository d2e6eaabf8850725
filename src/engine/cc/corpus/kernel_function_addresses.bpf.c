// Addresses of kernel functions, to compare with.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";
extern const void bpf_map_fops __ksym;
extern const void bpf_prog_fops __ksym;

SEC("iter/task")
int dump(struct bpf_iter__task *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct task_struct *task = ctx->task;

	if (!task)
		return 0;
	BPF_SEQ_PRINTF(seq, "%d %d\n", task->pid, &bpf_map_fops == &bpf_prog_fops);
	return 0;
}
