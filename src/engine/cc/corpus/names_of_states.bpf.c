// Names by number, each at the same distance.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";
static const char state[4][10] = { "running", "sleeping", "waiting", "else" };

SEC("iter/task")
int dump(struct bpf_iter__task *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct task_struct *task = ctx->task;

	if (!task)
		return 0;
	unsigned int s = task->__state;

	BPF_SEQ_PRINTF(seq, "%d %s\n", task->pid, state[s > 2 ? 3 : s]);
	return 0;
}
