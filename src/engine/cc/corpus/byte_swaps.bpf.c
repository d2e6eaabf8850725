// Byte swaps of every width.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_endian.h>

char LICENSE[] SEC("license") = "GPL";

SEC("iter/task")
int dump(struct bpf_iter__task *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct task_struct *task = ctx->task;

	if (!task)
		return 0;
	BPF_SEQ_PRINTF(seq, "%x %x %lx %x\n", __builtin_bswap16(task->pid), __builtin_bswap32(task->pid),
		       __builtin_bswap64(task->pid), bpf_htons(0x1234) + bpf_ntohl(task->tgid));
	return 0;
}
