// Mean and spread of all pids so far.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";
struct moments { unsigned long n, sum, squares, least, most; };
struct moments st = { .least = ~0ul };

SEC("iter/task")
int dump(struct bpf_iter__task *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct task_struct *task = ctx->task;

	if (!task)
		return 0;
	unsigned long p = task->pid;

	st.n++;
	st.sum += p;
	st.squares += p * p;
	if (p < st.least)
		st.least = p;
	if (p > st.most)
		st.most = p;
	BPF_SEQ_PRINTF(seq, "%lu %lu %lu %lu\n", st.sum / st.n, st.squares / st.n, st.least, st.most);
	return 0;
}
