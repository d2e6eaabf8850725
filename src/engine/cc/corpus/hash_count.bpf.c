// A hash map counts threads of each process.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#ifndef BPF_SEQ_PRINTF
#include <bpf/bpf_tracing.h>
#endif

char LICENSE[] SEC("license") = "GPL";
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, int);
	__type(value, long);
} counts SEC(".maps");
SEC("iter/task")
int dump(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct seq_file *seq = ctx->meta->seq;

	if (!task)
		return 0;
	int key = task->tgid;
	long one = 1, *known = bpf_map_lookup_elem(&counts, &key);
	
	if (known)
		__sync_fetch_and_add(known, 1);
	else
		bpf_map_update_elem(&counts, &key, &one, 0);
	BPF_SEQ_PRINTF(seq, "%d %ld\n", task->pid, known ? *known : 1);
	return 0;
}
