#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

/* 0: every process */
int target_pid = 0;
/* What the user asks about: a process whose further threads are counted. */
int watched_tgid = 0;
int threads = 0;
int processes = 0;
int last_tgid = 0;

/* Every open file: process, thread, descriptor, operations. */
SEC("iter/task_file")
int list_files(struct bpf_iter__task_file *ctx)
{
	struct task_struct *owner = ctx->task;
	struct file *open = ctx->file;

	if (!owner || !open)
		return 0;
	if (target_pid && owner->tgid != target_pid)
		return 0;
	if (ctx->meta->seq_num == 0) {
		threads = 0;
		BPF_SEQ_PRINTF(ctx->meta->seq, "    tgid      pid       fd      file\n");
	}
	if (owner->tgid == watched_tgid && owner->pid != owner->tgid)
		threads++;
	if (owner->tgid != last_tgid) {
		last_tgid = owner->tgid;
		processes++;
	}
	BPF_SEQ_PRINTF(ctx->meta->seq, "%8d %8d %8d %lx\n", owner->tgid, owner->pid, ctx->fd, (long)open->f_op);
	return 0;
}
