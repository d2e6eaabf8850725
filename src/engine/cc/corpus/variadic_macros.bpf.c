// Variadic macros, __VA_OPT__ and counting arguments.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";
#define COUNT(...) COUNT_(__VA_ARGS__, 4, 3, 2, 1)
#define COUNT_(a, b, c, d, n, ...) n
#define CALL(f, ...) f(1 __VA_OPT__(,) __VA_ARGS__)
static int one(int a) { return a; }
static int two(int a, int b) { return a * 100 + b; }

SEC("iter/task")
int dump(struct bpf_iter__task *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct task_struct *task = ctx->task;

	if (!task)
		return 0;
	BPF_SEQ_PRINTF(seq, "%d %d %d %d\n", COUNT(x), COUNT(x, y, z), CALL(one), CALL(two, task->pid));
	return 0;
}
