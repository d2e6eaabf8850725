// #if with arithmetic, defined and __has_builtin.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";
#if defined(__bpf__) && __has_builtin(__builtin_memset) && (3 * 4 - 1) == 11
#define GOOD 1
#else
#error "no"
#endif
#ifndef NOTHING
#  define WORD __COUNTER__ + __COUNTER__
#elif 1
#  error "never"
#endif

SEC("iter/task")
int dump(struct bpf_iter__task *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct task_struct *task = ctx->task;

	if (!task)
		return 0;
	int n = WORD;

	BPF_SEQ_PRINTF(seq, "%d %d\n", task->pid, n + GOOD);
	return 0;
}
