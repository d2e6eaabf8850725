// Files by the kind of their inode.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";
static const char kinds[8][8] = { "?", "fifo", "char", "dir", "block", "file", "link", "sock" };

SEC("iter/task_file")
int dump(struct bpf_iter__task_file *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct file *file = ctx->file;

	if (!file)
		return 0;
	unsigned int mode = file->f_inode->i_mode;

	BPF_SEQ_PRINTF(seq, "%d %s %lx\n", ctx->fd, kinds[mode >> 13 & 7], (long)file->f_pos);
	return 0;
}
