// Static assertions, inside and outside.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";
struct padded { char a; long b; };
_Static_assert(sizeof(struct padded) == 16, "padded");
_Static_assert(__builtin_offsetof(struct padded, b) == 8, "aligned");

SEC("iter/task")
int dump(struct bpf_iter__task *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct task_struct *task = ctx->task;

	if (!task)
		return 0;
	_Static_assert(sizeof(task->comm) == 16, "names");
	BPF_SEQ_PRINTF(seq, "%s\n", task->comm);
	return 0;
}
