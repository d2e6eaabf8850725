// A queue keeps order.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";
struct {
	__uint(type, BPF_MAP_TYPE_QUEUE);
	__uint(max_entries, 4);
	__type(value, int);
} q SEC(".maps");

SEC("iter/task")
int dump(struct bpf_iter__task *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct task_struct *task = ctx->task;

	if (!task)
		return 0;
	int pid = task->pid, first = 0;

	bpf_map_push_elem(&q, &pid, BPF_EXIST);
	if (pid % 3u == 0)
		bpf_map_pop_elem(&q, &first);
	BPF_SEQ_PRINTF(seq, "%d %d\n", pid, first);
	return 0;
}
