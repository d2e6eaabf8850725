// SPDX-License-Identifier: GPL-2.0
/* Every unix socket of the namespace: what kind it is, whether somebody listens, and who made it. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

SEC("iter/unix")
int dump_unix(struct bpf_iter__unix *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct unix_sock *unix_sk = ctx->unix_sk;
	struct sock *sk = (struct sock *)unix_sk;

	if (!unix_sk)
		return 0;
	if (ctx->meta->seq_num == 0)
		BPF_SEQ_PRINTF(seq, "refcnt  type  state    uid  peer\n");

	BPF_SEQ_PRINTF(seq, "%6d %5u %6u %6u  %s\n", sk->__sk_common.skc_refcnt.refs.counter, sk->sk_type,
		       sk->__sk_common.skc_state, ctx->uid, unix_sk->peer ? "yes" : "no");
	return 0;
}
