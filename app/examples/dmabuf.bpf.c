// SPDX-License-Identifier: GPL-2.0
/*
 * Every DMA buffer, newest first: its inode, bytes, name and who made it. The check for NULL is needed, but the
 * program never sees it: this target makes no last call. Since Linux 6.16.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

char LICENSE[] SEC("license") = "GPL";

SEC("iter/dmabuf")
int dump_dmabuf(struct bpf_iter__dmabuf *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct dma_buf *buf = ctx->dmabuf;
	const char *name;

	if (!buf)
		return 0;
	if (ctx->meta->seq_num == 0)
		BPF_SEQ_PRINTF(seq, "inode      bytes  users  exporter     name\n");

	name = buf->name;
	BPF_SEQ_PRINTF(seq, "%5lu %10lu %6ld  %-12s %s\n", buf->file->f_inode->i_ino, buf->size,
		       buf->file->f_count.counter, buf->exp_name, name ? name : "-");
	return 0;
}
