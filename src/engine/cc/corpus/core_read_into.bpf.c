// BPF_CORE_READ_INTO and strings.
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
	int ppid = -1;
	char name[16] = {};

	BPF_CORE_READ_INTO(&ppid, task, real_parent, pid);
	BPF_CORE_READ_STR_INTO(&name, task, group_leader, comm);
	BPF_SEQ_PRINTF(seq, "%d %s\n", ppid, name);
	return 0;
}
