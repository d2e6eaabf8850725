// SPDX-License-Identifier: GPL-2.0
/*
 * The list of DMA buffers by hand: a ring through its head, which is at a symbol of the kernel.
 * Lines of the iterator begin with 0, those of the walk by hand, made in its first call, with 1: no call is made
 * without a buffer.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

char LICENSE[] SEC("license") = "GPL";

extern const void debugfs_list __ksym;

SEC("iter/dmabuf")
int walk(struct bpf_iter__dmabuf *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct list_head *head = (struct list_head *)&debugfs_list, *node;
	struct dma_buf *buf;

	BPF_SEQ_PRINTF(seq, "0 %llu\n", (unsigned long long)ctx->dmabuf);
	if (ctx->meta->seq_num)
		return 0;
	node = BPF_CORE_READ(head, next);
	bpf_repeat(1000) {
		if (node == head)
			break;
		buf = (void *)node - bpf_core_field_offset(struct dma_buf, list_node);
		BPF_SEQ_PRINTF(seq, "1 %llu\n", (unsigned long long)buf);
		node = BPF_CORE_READ(node, next);
	}
	return 0;
}
