// Enumerators beyond 32 bits, and negative ones.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";
enum wide { LOW = 1, HIGH = 0x100000000ul, TOP = 0x8000000000000000ul };
enum sign { MINUS = -5, PLUS = 5 };

SEC("iter/task")
int dump(struct bpf_iter__task *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct task_struct *task = ctx->task;

	if (!task)
		return 0;
	enum wide w = task->pid & 1 ? HIGH : TOP;
	enum sign s = task->pid & 2 ? MINUS : PLUS;

	BPF_SEQ_PRINTF(seq, "%lx %d %d %d\n", (long)w, s, (int)sizeof(w), (int)sizeof(s));
	return 0;
}
