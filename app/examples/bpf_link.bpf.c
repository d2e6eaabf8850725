// SPDX-License-Identifier: GPL-2.0
/* Every link, by id, with the program it runs. The first one is the link of this very walk. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

SEC("iter/bpf_link")
int dump_bpf_link(struct bpf_iter__bpf_link *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct bpf_link *link = ctx->link;

	if (!link)
		return 0;
	if (ctx->meta->seq_num == 0)
		BPF_SEQ_PRINTF(seq, "  id  type  refcnt  prog  name\n");

	BPF_SEQ_PRINTF(seq, "%4u %5u %7lld %5u  %s\n", link->id, link->type, link->refcnt.counter,
		       link->prog->aux->id, link->prog->aux->name);
	return 0;
}
