// A function that is all assembly.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";
static __attribute__((naked, noinline)) long triple(long x)
{
	asm volatile("r0 = r1; r0 *= 3; if r0 > 300 goto l0_%=; r0 += 1; l0_%=: exit;" ::: "r0", "r1");
}

SEC("iter/task")
int dump(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;

	if (task)
		BPF_SEQ_PRINTF(ctx->meta->seq, "%d %ld\n", task->pid, triple(task->pid));
	return 0;
}
