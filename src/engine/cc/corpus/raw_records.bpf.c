// Records of a packed struct, written raw.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";
struct rec { unsigned int pid; unsigned char len; char name[11]; } __attribute__((packed));

SEC("iter/task")
int dump(struct bpf_iter__task *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct task_struct *task = ctx->task;

	if (!task)
		return 0;
	struct rec r = { .pid = task->pid };

	for (int i = 0; i < 10 && task->comm[i]; i++) {
		r.name[i] = task->comm[i];
		r.len++;
	}
	bpf_seq_write(seq, &r, sizeof(r));
	return 0;
}
