// Offset, size and presence of fields.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

char LICENSE[] SEC("license") = "GPL";
struct task_struct___x { int pid; long no_such_field; } __attribute__((preserve_access_index));

SEC("iter/task")
int dump(struct bpf_iter__task *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct task_struct *task = ctx->task;

	if (!task)
		return 0;
	struct task_struct___x *x = (void *)task;

	BPF_SEQ_PRINTF(seq, "%d %d %d %d\n", bpf_core_field_exists(x->pid), bpf_core_field_exists(x->no_such_field),
		       (int)bpf_core_field_size(task->comm), bpf_core_field_offset(struct list_head, prev) == 8);
	return 0;
}
