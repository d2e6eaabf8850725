// A list of names used twice.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";
#define KINDS(X) X(ALPHA, 3) X(BETA, 5) X(GAMMA, 9)
#define AS_ENUM(n, v) n = v,
#define AS_CASE(n, v) case n: return v * 2;
enum kind { KINDS(AS_ENUM) };
static int of(enum kind k) { switch (k) { KINDS(AS_CASE) } return -1; }

SEC("iter/task")
int dump(struct bpf_iter__task *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct task_struct *task = ctx->task;

	if (!task)
		return 0;
	BPF_SEQ_PRINTF(seq, "%d %d\n", of(BETA), of((enum kind)(task->pid % 10u)));
	return 0;
}
