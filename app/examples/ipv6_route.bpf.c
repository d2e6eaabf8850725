// SPDX-License-Identifier: GPL-2.0
/* Every IPv6 route, as /proc/net/ipv6_route shows it: table by table, the default route of each at its end. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#define RTF_GATEWAY 0x0002

char LICENSE[] SEC("license") = "GPL";

SEC("iter/ipv6_route")
int dump_ipv6_route(struct bpf_iter__ipv6_route *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct fib6_info *rt = ctx->rt;
	const struct net_device *dev;
	struct fib6_nh *nh;
	unsigned int flags;

	if (!rt)
		return 0;

	nh = &rt->fib6_nh[0];
	flags = rt->fib6_flags;
	BPF_SEQ_PRINTF(seq, "%pi6 %02x %pi6 %02x ", &rt->fib6_dst.addr, rt->fib6_dst.plen, &rt->fib6_src.addr,
		       rt->fib6_src.plen);
	if (nh->nh_common.nhc_gw_family) {
		flags |= RTF_GATEWAY;
		BPF_SEQ_PRINTF(seq, "%pi6", &nh->nh_common.nhc_gw.ipv6);
	} else {
		BPF_SEQ_PRINTF(seq, "00000000000000000000000000000000");
	}

	dev = nh->nh_common.nhc_dev;
	BPF_SEQ_PRINTF(seq, " %08x %08x %08x %08x %8s\n", rt->fib6_metric, rt->fib6_ref.refs.counter, 0, flags,
		       dev ? dev->name : "");
	return 0;
}
