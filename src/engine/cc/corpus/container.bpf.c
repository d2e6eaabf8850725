// container_of goes from a member to its struct.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";
struct holder { long before; struct list_head item; int after; };

SEC("iter/task")
int dump(struct bpf_iter__task *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct task_struct *task = ctx->task;

	if (!task)
		return 0;
	struct holder h = { .before = task->pid, .after = 5 };
	struct list_head *item = &h.item;
	struct holder *back = container_of(item, struct holder, item);

	BPF_SEQ_PRINTF(seq, "%ld %d %d\n", back->before, back->after, (int)offsetof(struct holder, item));
	return 0;
}
