// SPDX-License-Identifier: GPL-2.0
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

SEC("iter/unix")
int dump(struct bpf_iter__unix *ctx)
{
	struct unix_sock *sk = ctx->unix_sk;

	if (sk)
		BPF_SEQ_PRINTF(ctx->meta->seq, "%u %lx %d\n", sk->sk.__sk_common.skc_hash, (long)sk,
			       sk->sk.sk_type);
	return 0;
}
