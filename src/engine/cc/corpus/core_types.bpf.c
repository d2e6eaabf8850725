// Which types this kernel has, and how large they are.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

char LICENSE[] SEC("license") = "GPL";
struct no_such_struct { int a; } __attribute__((preserve_access_index));
struct mm_struct___small { int x; } __attribute__((preserve_access_index));

SEC("iter/task")
int dump(struct bpf_iter__task *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct task_struct *task = ctx->task;

	if (!task)
		return 0;
	BPF_SEQ_PRINTF(seq, "%d %d %d\n", bpf_core_type_exists(struct task_struct), bpf_core_type_exists(struct no_such_struct),
		       bpf_core_type_size(struct list_head) == 16);
	return 0;
}
