// SPDX-License-Identifier: GPL-2.0
/* Every slab cache, newest first: bytes that an object has and takes, and how many a slab holds. Since Linux 6.13. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

/* Bytes that alignment costs, summed over one object of each cache. */
__u64 lost = 0;

SEC("iter/kmem_cache")
int dump_kmem_cache(struct bpf_iter__kmem_cache *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct kmem_cache *s = ctx->s;

	if (!s) {
		BPF_SEQ_PRINTF(seq, "%llu bytes lost to alignment\n", lost);
		return 0;
	}
	if (ctx->meta->seq_num == 0)
		BPF_SEQ_PRINTF(seq, "name                    objsize    size  objs/slab  refs\n");

	lost += s->size - s->object_size;
	BPF_SEQ_PRINTF(seq, "%-22s %8u %7u %10u %5d\n", s->name, s->object_size, s->size, s->oo.x & 0xffff,
		       s->refcount);
	return 0;
}
