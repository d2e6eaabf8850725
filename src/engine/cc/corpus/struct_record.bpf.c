// Records are written raw.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#ifndef BPF_SEQ_PRINTF
#include <bpf/bpf_tracing.h>
#endif

char LICENSE[] SEC("license") = "GPL";
struct record { int pid; int tgid; char comm[16]; unsigned long start; };
SEC("iter/task")
int dump(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct seq_file *seq = ctx->meta->seq;

	if (!task)
		return 0;
	struct record r = { .pid = task->pid, .tgid = task->tgid };
	
	__builtin_memcpy(r.comm, task->comm, sizeof(r.comm));
	r.start = task->start_time;
	bpf_seq_write(seq, &r, sizeof(r));
	return 0;
}
