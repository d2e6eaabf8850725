// A hash map with a struct as key.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";
struct who { int tgid; char first; } __attribute__((packed));
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 64);
	__type(key, struct who);
	__type(value, int);
} seen SEC(".maps");

SEC("iter/task")
int dump(struct bpf_iter__task *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct task_struct *task = ctx->task;

	if (!task)
		return 0;
	struct who key = { task->tgid, task->comm[0] };
	int one = 1, *old = bpf_map_lookup_elem(&seen, &key);

	if (old)
		(*old)++;
	else
		bpf_map_update_elem(&seen, &key, &one, BPF_NOEXIST);
	BPF_SEQ_PRINTF(seq, "%d %c %d\n", key.tgid, key.first, old ? *old : 1);
	return 0;
}
