// SPDX-License-Identifier: GPL-2.0
/* Every netlink socket, protocol by protocol: port 0 is the kernel's own end. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

SEC("iter/netlink")
int dump_netlink(struct bpf_iter__netlink *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct netlink_sock *nlk = ctx->sk;

	if (!nlk)
		return 0;
	if (ctx->meta->seq_num == 0)
		BPF_SEQ_PRINTF(seq, "protocol    port  groups  refcnt\n");

	BPF_SEQ_PRINTF(seq, "%8u %7u %7u %7d\n", nlk->sk.sk_protocol, nlk->portid, nlk->ngroups,
		       nlk->sk.__sk_common.skc_refcnt.refs.counter);
	return 0;
}
