// SPDX-License-Identifier: GPL-2.0
/*
 * The list of slab caches by hand: a ring through its head, which is at a symbol of the kernel.
 * Lines of the iterator begin with 0, those of the walk by hand, made in its last call, with 1.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

char LICENSE[] SEC("license") = "GPL";

extern const void slab_caches __ksym;

SEC("iter/kmem_cache")
int walk(struct bpf_iter__kmem_cache *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct list_head *head = (struct list_head *)&slab_caches, *node;
	struct kmem_cache *cache;

	if (ctx->s) {
		BPF_SEQ_PRINTF(seq, "0 %llu\n", (unsigned long long)ctx->s);
		return 0;
	}
	node = BPF_CORE_READ(head, next);
	bpf_repeat(1000) {
		if (node == head)
			break;
		cache = (void *)node - bpf_core_field_offset(struct kmem_cache, list);
		BPF_SEQ_PRINTF(seq, "1 %llu\n", (unsigned long long)cache);
		node = BPF_CORE_READ(node, next);
	}
	return 0;
}
