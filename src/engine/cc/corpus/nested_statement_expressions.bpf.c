// Statement expressions in each other, with names that shadow.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";
#define max(a, b) ({ typeof(a) _a = (a); typeof(b) _b = (b); _a > _b ? _a : _b; })

SEC("iter/task")
int dump(struct bpf_iter__task *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct task_struct *task = ctx->task;

	if (!task)
		return 0;
	int pid = task->pid, tgid = task->tgid;

	BPF_SEQ_PRINTF(seq, "%d %d\n", max(pid, max(tgid, 3)), ({ int x = pid; ({ int y = x + 1; y * 2; }) + x; }));
	return 0;
}
