// Structs are passed and returned by inlined functions.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";
struct v { long x, y; int z; };
static __always_inline struct v make(int a) { struct v r = { a, a + 1, a + 2 }; return r; }
static __always_inline struct v add(struct v a, struct v b) { a.x += b.x; a.y += b.y; a.z += b.z; return a; }

SEC("iter/task")
int dump(struct bpf_iter__task *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct task_struct *task = ctx->task;

	if (!task)
		return 0;
	struct v r = add(make(task->pid), make(task->tgid));

	BPF_SEQ_PRINTF(seq, "%ld %ld %d\n", r.x, r.y, r.z);
	return 0;
}
