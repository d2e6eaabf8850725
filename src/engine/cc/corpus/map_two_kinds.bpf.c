// Several maps of one anonymous type.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";
struct cell { long sum; int n; };
#define CELLS(name, size) struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, size); __type(key, int); __type(value, struct cell); } name SEC(".maps")
CELLS(few, 2);
CELLS(many, 16);
static __always_inline void add(void *map, int key, int by)
{
	struct cell *c = bpf_map_lookup_elem(map, &key);

	if (c) {
		c->sum += by;
		c->n++;
	}
}

SEC("iter/task")
int dump(struct bpf_iter__task *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct task_struct *task = ctx->task;

	if (!task)
		return 0;
	add(&few, task->pid & 1, task->pid);
	add(&many, task->pid & 15, 1);
	BPF_SEQ_PRINTF(seq, "%d\n", task->pid);
	return 0;
}
