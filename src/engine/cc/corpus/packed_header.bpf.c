// A packed header is read and written at odd places.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";
struct hdr { unsigned char v; unsigned int len; unsigned short id; unsigned long t; } __attribute__((packed));
struct hdr last;

SEC("iter/task")
int dump(struct bpf_iter__task *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct task_struct *task = ctx->task;

	if (!task)
		return 0;
	struct hdr h = { 4, task->pid, task->tgid, 99 };

	h.len += 1;
	last = h;
	BPF_SEQ_PRINTF(seq, "%d %d %u %lu\n", (int)sizeof(h), h.len, h.id, last.t + last.v);
	return 0;
}
