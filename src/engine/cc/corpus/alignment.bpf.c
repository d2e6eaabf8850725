// Aligned variables and members.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";
char pad = 1;
long line[2] __attribute__((aligned(64)));
struct al { char c; int i __attribute__((aligned(16))); };

SEC("iter/task")
int dump(struct bpf_iter__task *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct task_struct *task = ctx->task;

	if (!task)
		return 0;
	struct al al = { 1, task->pid };

	line[1] += al.i;
	BPF_SEQ_PRINTF(seq, "%d %d %d %ld\n", pad, (int)sizeof(al), (int)__alignof__(struct al), line[1]);
	return 0;
}
