// asm goto that gives values: they are there whichever way it goes.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "GPL";
long ways[3];

static __always_inline int classify(int pid, int *digit)
{
	int half, rest = pid;

	asm volatile goto("%[half] = %[pid]; %[half] >>= 1; %[rest] &= 1;"
			  "if %[pid] == 1 goto %l[first]; if %[rest] == 0 goto %l[even]"
			  : [half] "=&r"(half), [rest] "+&r"(rest)
			  : [pid] "r"(pid)
			  :
			  : first, even);
	*digit = half + rest;
	return 0;
even:
	*digit = half * 10 + rest;
	return 1;
first:
	*digit = rest;
	return 2;
}

SEC("iter/task")
int dump(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	int digit = 0, way;

	if (!task)
		return 0;
	way = classify(task->pid, &digit);
	ways[way]++;
	BPF_SEQ_PRINTF(ctx->meta->seq, "%d: way %d, %d\n", task->pid, way, digit);
	return 0;
}
