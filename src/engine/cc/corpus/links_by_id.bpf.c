// Links with the ids of their programs.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";
SEC("iter/bpf_link")
int dump(struct bpf_iter__bpf_link *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct bpf_link *link = ctx->link;

	if (!link)
		return 0;
	BPF_SEQ_PRINTF(seq, "%u %d %u\n", link->id, link->type, link->prog ? link->prog->aux->id : 0);
	return 0;
}
