// bpf_for_each_map_elem with a callback.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 4);
	__type(key, unsigned int);
	__type(value, long);
} a SEC(".maps");
struct out { long sum; int n; };
static long each(struct bpf_map *map, unsigned int *key, long *value, struct out *out)
{
	out->sum += *value * (*key + 1);
	out->n++;
	return 0;
}

SEC("iter/task")
int dump(struct bpf_iter__task *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct task_struct *task = ctx->task;

	if (!task)
		return 0;
	unsigned int key = task->pid & 3;
	long *v = bpf_map_lookup_elem(&a, &key);
	struct out out = {};

	if (v)
		*v += task->pid;
	bpf_for_each_map_elem(&a, each, &out, 0);
	BPF_SEQ_PRINTF(seq, "%ld %d\n", out.sum, out.n);
	return 0;
}
