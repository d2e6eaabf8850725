// Open files by number, with flags in octal.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";
SEC("iter/task_file")
int dump(struct bpf_iter__task_file *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct task_struct *task = ctx->task;
	struct file *file = ctx->file;

	if (!task || !file)
		return 0;
	if (ctx->meta->seq_num == 0)
		BPF_SEQ_PRINTF(seq, "%8s %8s %4s\n", "tgid", "pid", "fd");
	BPF_SEQ_PRINTF(seq, "%8d %8d %4d %x %lu\n", task->tgid, task->pid, ctx->fd, file->f_flags, file->f_inode->i_ino);
	return 0;
}
