// A histogram by powers of two.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";
unsigned int slots[32];
static __always_inline unsigned int log2_of(unsigned int v)
{
	unsigned int r = (v > 0xffff) << 4, shift;

	v >>= r;
	shift = (v > 0xff) << 3; v >>= shift; r |= shift;
	shift = (v > 0xf) << 2; v >>= shift; r |= shift;
	shift = (v > 3) << 1; v >>= shift; r |= shift;
	return r | v >> 1;
}

SEC("iter/task")
int dump(struct bpf_iter__task *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct task_struct *task = ctx->task;

	if (!task)
		return 0;
	unsigned int slot = log2_of(task->pid) & 31;

	slots[slot]++;
	BPF_SEQ_PRINTF(seq, "%d %u %u\n", task->pid, slot, slots[slot]);
	return 0;
}
