// A per-CPU array counts on this CPU.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, unsigned int);
	__type(value, long);
} n SEC(".maps");

SEC("iter/task")
int dump(struct bpf_iter__task *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct task_struct *task = ctx->task;

	if (!task)
		return 0;
	unsigned int zero = 0;
	long *here = bpf_map_lookup_elem(&n, &zero);

	if (here)
		BPF_SEQ_PRINTF(seq, "%d %ld\n", task->pid, ++*here);
	return 0;
}
