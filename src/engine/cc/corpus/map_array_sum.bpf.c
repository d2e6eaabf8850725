// An array map counts by number.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 8);
	__type(key, unsigned int);
	__type(value, unsigned long);
} sums SEC(".maps");

SEC("iter/task")
int dump(struct bpf_iter__task *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct task_struct *task = ctx->task;

	if (!task)
		return 0;
	unsigned int key = task->pid & 7;
	unsigned long *sum = bpf_map_lookup_elem(&sums, &key);

	if (!sum)
		return 0;
	*sum += task->pid;
	BPF_SEQ_PRINTF(seq, "%u %lu\n", key, *sum);
	return 0;
}
