// A map of maps, with inner maps named.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";
struct inner {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, int);
	__type(value, int);
} odd SEC(".maps"), even SEC(".maps");
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 2);
	__type(key, int);
	__array(values, struct inner);
} outer SEC(".maps") = { .values = { &even, &odd } };

SEC("iter/task")
int dump(struct bpf_iter__task *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct task_struct *task = ctx->task;

	if (!task)
		return 0;
	int which = task->pid & 1, zero = 0, *n = 0;
	void *in = bpf_map_lookup_elem(&outer, &which);

	if (in)
		n = bpf_map_lookup_elem(in, &zero);
	if (n)
		BPF_SEQ_PRINTF(seq, "%d %d\n", which, ++*n);
	return 0;
}
