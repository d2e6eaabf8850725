// SPDX-License-Identifier: GPL-2.0
/*
 * The tree of cgroups by hand: down into the first child, else on to the next sibling, else up until there is one.
 * The lists of children are read as bytes; the head of a list is a member of it.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

char LICENSE[] SEC("license") = "GPL";

#define list_of(cgrp) \
	((struct list_head *)((char *)(cgrp) + bpf_core_field_offset(struct cgroup, self.children)))
#define from_sibling(node) \
	((struct cgroup *)((char *)(node) - bpf_core_field_offset(struct cgroup, self.sibling)))

SEC("iter/cgroup")
int walk(struct bpf_iter__cgroup *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct cgroup *root = ctx->cgroup, *at;
	struct list_head *next;
	bool down = true;
	int n = 0;

	if (!root)
		return 0;
	at = root;
	bpf_repeat(4000) {
		if (down) {
			BPF_SEQ_PRINTF(seq, "%d %llu\n", n++, (unsigned long long)at);
			next = BPF_CORE_READ(list_of(at), next);
			down = next != list_of(at);
			if (down)
				at = from_sibling(next);
			continue;
		}
		if (at == root)
			break;
		next = BPF_CORE_READ(at, self.sibling.next);
		at = (struct cgroup *)BPF_CORE_READ(at, self.parent);
		down = next != list_of(at);
		if (down)
			at = from_sibling(next);
	}
	return 0;
}
