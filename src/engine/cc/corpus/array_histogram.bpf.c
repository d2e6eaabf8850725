// An array map holds a histogram of powers of two.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#ifndef BPF_SEQ_PRINTF
#include <bpf/bpf_tracing.h>
#endif

char LICENSE[] SEC("license") = "GPL";
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 32);
	__type(key, unsigned int);
	__type(value, unsigned long);
} slots SEC(".maps");

static unsigned int log2(unsigned int v)
{
	unsigned int r = 0;

	while (v > 1 && r < 31) {
		v >>= 1;
		r++;
	}
	return r;
}
SEC("iter/task")
int dump(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct seq_file *seq = ctx->meta->seq;

	if (!task)
		return 0;
	unsigned int slot = log2(task->pid);
	unsigned long *count = bpf_map_lookup_elem(&slots, &slot);
	
	if (count)
		*count += 1;
	BPF_SEQ_PRINTF(seq, "%d -> %u %lu\n", task->pid, slot, count ? *count : 0);
	return 0;
}
