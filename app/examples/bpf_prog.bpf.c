// SPDX-License-Identifier: GPL-2.0
/* Every program, by id. This object has three of them, so the walk meets itself and its neighbours. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

/* Programs without an object, counted by all three: one map that three programs use. */
int last_calls = 0;

SEC("iter/bpf_prog")
int dump_bpf_prog(struct bpf_iter__bpf_prog *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct bpf_prog *prog = ctx->prog;
	struct bpf_prog_aux *aux;

	if (!prog) {
		last_calls++;
		return 0;
	}
	aux = prog->aux;
	if (ctx->meta->seq_num == 0)
		BPF_SEQ_PRINTF(seq, "  id  insns  maps  refcnt  %-16s attached to\n", "name");

	BPF_SEQ_PRINTF(seq, "%4u %6u %5u %7lld  %-16s %s\n", aux->id, prog->len, aux->used_map_cnt,
		       aux->refcnt.counter, aux->name, aux->attach_func_name);
	return 0;
}

SEC("iter/bpf_map")
int count_maps(struct bpf_iter__bpf_map *ctx)
{
	if (!ctx->map)
		last_calls++;
	return 0;
}

SEC("iter/bpf_link")
int count_links(struct bpf_iter__bpf_link *ctx)
{
	if (!ctx->link)
		last_calls++;
	return 0;
}
