// A constant table of structs, looked up.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";
static const struct rule { int mask; int value; const char name[8]; } rules[] = {
	{ 1, 1, "odd" }, { 3, 0, "four" }, { 7, 2, "two" }, { 0, 0, "other" },
};

SEC("iter/task")
int dump(struct bpf_iter__task *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct task_struct *task = ctx->task;

	if (!task)
		return 0;
	for (int i = 0; i < 4; i++)
		if ((task->pid & rules[i].mask) == rules[i].value) {
			BPF_SEQ_PRINTF(seq, "%d %s\n", task->pid, rules[i].name);
			break;
		}
	return 0;
}
