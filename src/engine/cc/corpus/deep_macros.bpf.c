// Macros in macros, with names made by pasting.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";
#define CAT2(a, b) a##b
#define CAT(a, b) CAT2(a, b)
#define FIELD(n) CAT(task->, n)
#define TWICE(m, x) m(m(x))
#define INC(x) ((x) + 1)
#define VAR CAT(v, __LINE__)
#undef FIELD
#define FIELD(n) task->n

SEC("iter/task")
int dump(struct bpf_iter__task *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct task_struct *task = ctx->task;

	if (!task)
		return 0;
	int VAR = TWICE(INC, TWICE(INC, FIELD(pid)));

	BPF_SEQ_PRINTF(seq, "%d %s\n", FIELD(tgid) + CAT(1, 2), "x" "y");
	BPF_SEQ_PRINTF(seq, "%d\n", TWICE(INC, FIELD(pid)));
	return 0;
}
