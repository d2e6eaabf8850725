// SPDX-License-Identifier: GPL-2.0
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

SEC("iter/udp")
int dump(struct bpf_iter__udp *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct udp_sock *udp = ctx->udp_sk;

	if (udp)
		BPF_SEQ_PRINTF(seq, "%d %llu :%u\n", ctx->bucket, ctx->meta->seq_num, udp->inet.sk.__sk_common.skc_num);
	else
		BPF_SEQ_PRINTF(seq, "%d end %lld\n", ctx->bucket, ctx->meta->seq_num);
	return 0;
}
