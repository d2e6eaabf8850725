// Elements are deleted again.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 32);
	__type(key, int);
	__type(value, int);
} left SEC(".maps");

SEC("iter/task")
int dump(struct bpf_iter__task *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct task_struct *task = ctx->task;

	if (!task)
		return 0;
	int pid = task->pid, key = pid & 15, err = 0;

	if (pid & 1)
		bpf_map_update_elem(&left, &key, &pid, BPF_ANY);
	else {
		key ^= 1;
		err = bpf_map_delete_elem(&left, &key);
	}
	BPF_SEQ_PRINTF(seq, "%d %d\n", key, err);
	return 0;
}
