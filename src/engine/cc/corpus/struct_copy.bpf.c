// Structs are assigned and compared.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#ifndef BPF_SEQ_PRINTF
#include <bpf/bpf_tracing.h>
#endif

char LICENSE[] SEC("license") = "GPL";
struct point { int x, y; long z; };
static struct point last;
SEC("iter/task")
int dump(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct seq_file *seq = ctx->meta->seq;

	if (!task)
		return 0;
	struct point now = { task->pid, task->tgid, 3 }, copy;
	
	copy = now;
	copy.z += last.z;
	BPF_SEQ_PRINTF(seq, "%d %d %ld %d\n", copy.x, last.y, copy.z, __builtin_memcmp(&now, &copy, 8));
	last = copy;
	return 0;
}
