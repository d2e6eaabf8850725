// SPDX-License-Identifier: GPL-2.0
/*
 * The tables of maps, programs and links by hand: trees of 64 slots to a node, from a number to an object. A pointer
 * to a node carries 2 in its low bits; the digits of a number are the way to its object.
 * Lines of the iterator begin with 0, those of the walk by hand, made in its last call, with 1.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

char LICENSE[] SEC("license") = "GPL";

#define SLOTS 64
#define NODE 2
#define NUMBERS 4096

extern const void map_idr __ksym;
extern const void prog_idr __ksym;
extern const void link_idr __ksym;

/* The object with this number, or NULL. */
static void *object_of(struct idr *idr, __u32 id)
{
	void *entry = BPF_CORE_READ(idr, idr_rt.xa_head);
	struct xa_node *node;
	int level;

	bpf_for(level, 0, 6) {
		if (((unsigned long)entry & 3) != NODE)
			break;
		node = entry - NODE;
		if (!level && id >> BPF_CORE_READ(node, shift) >= SLOTS)
			return NULL;
		entry = BPF_CORE_READ(node, slots[(id >> BPF_CORE_READ(node, shift)) % SLOTS]);
	}
	return entry;
}

static void table(struct seq_file *seq, struct idr *idr)
{
	void *object;
	int id;

	bpf_for(id, 1, NUMBERS) {
		object = object_of(idr, id);
		if (object)
			BPF_SEQ_PRINTF(seq, "1 %llu\n", (unsigned long long)object);
	}
}

SEC("iter/bpf_map")
int walk_map(struct bpf_iter__bpf_map *ctx)
{
	if (ctx->map)
		BPF_SEQ_PRINTF(ctx->meta->seq, "0 %llu\n", (unsigned long long)ctx->map);
	else
		table(ctx->meta->seq, (struct idr *)&map_idr);
	return 0;
}

SEC("iter/bpf_prog")
int walk_prog(struct bpf_iter__bpf_prog *ctx)
{
	if (ctx->prog)
		BPF_SEQ_PRINTF(ctx->meta->seq, "0 %llu\n", (unsigned long long)ctx->prog);
	else
		table(ctx->meta->seq, (struct idr *)&prog_idr);
	return 0;
}

SEC("iter/bpf_link")
int walk_link(struct bpf_iter__bpf_link *ctx)
{
	if (ctx->link)
		BPF_SEQ_PRINTF(ctx->meta->seq, "0 %llu\n", (unsigned long long)ctx->link);
	else
		table(ctx->meta->seq, (struct idr *)&link_idr);
	return 0;
}
