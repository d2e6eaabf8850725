// SPDX-License-Identifier: GPL-2.0
/* Every UDP socket, bucket by bucket. Read with a small buffer: all of a bucket is held until it is done. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

SEC("iter/udp")
int dump_udp(struct bpf_iter__udp *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct udp_sock *udp = ctx->udp_sk;
	struct sock_common *sk;

	if (!udp)
		return 0;
	if (ctx->meta->seq_num == 0)
		BPF_SEQ_PRINTF(seq, "bucket    uid  family  port\n");

	sk = &udp->inet.sk.__sk_common;
	BPF_SEQ_PRINTF(seq, "%6d %6u %7u %5u\n", ctx->bucket, ctx->uid, sk->skc_family, sk->skc_num);
	return 0;
}
