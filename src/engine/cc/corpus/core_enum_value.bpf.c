// Enumerators as this kernel has them.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

char LICENSE[] SEC("license") = "GPL";

SEC("iter/task")
int dump(struct bpf_iter__task *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct task_struct *task = ctx->task;

	if (!task)
		return 0;
	unsigned long v = bpf_core_enum_value(enum bpf_map_type, BPF_MAP_TYPE_HASH);

	if (bpf_core_enum_value_exists(enum bpf_map_type, BPF_MAP_TYPE_RINGBUF))
		v += 100;
	BPF_SEQ_PRINTF(seq, "%d %lu\n", task->pid, v);
	return 0;
}
