// Maps that say sizes in place of types.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16);
	__uint(key_size, sizeof(int));
	__uint(value_size, 12);
	__uint(map_flags, BPF_F_NO_PREALLOC);
} m SEC(".maps");
struct v { int a, b, c; };

SEC("iter/task")
int dump(struct bpf_iter__task *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct task_struct *task = ctx->task;

	if (!task)
		return 0;
	int key = task->tgid & 15;
	struct v v = { 1, task->pid, 3 }, *old;

	bpf_map_update_elem(&m, &key, &v, 0);
	old = bpf_map_lookup_elem(&m, &key);
	if (old)
		BPF_SEQ_PRINTF(seq, "%d %d\n", old->b, old->c);
	return 0;
}
