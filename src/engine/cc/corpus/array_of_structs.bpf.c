// An array of structs in a global, searched and filled.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";
struct place { int pid; int hits; };
struct place slots[16];

SEC("iter/task")
int dump(struct bpf_iter__task *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct task_struct *task = ctx->task;

	if (!task)
		return 0;
	int found = -1;

	for (int i = 0; i < 16; i++) {
		if (slots[i].pid == task->tgid || !slots[i].pid) {
			slots[i].pid = task->tgid;
			slots[i].hits++;
			found = i;
			break;
		}
	}
	BPF_SEQ_PRINTF(seq, "%d %d\n", task->pid, found);
	return 0;
}
