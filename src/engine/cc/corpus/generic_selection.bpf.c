// _Generic picks by type.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";
#define name(x) _Generic((x), int: "int", long: "long", char *: "text", default: "else")

SEC("iter/task")
int dump(struct bpf_iter__task *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct task_struct *task = ctx->task;

	if (!task)
		return 0;
	long l = 1;
	char *t = 0;

	BPF_SEQ_PRINTF(seq, "%s %s %s %s\n", name(task->pid), name(l), name(t), name(1u));
	return 0;
}
