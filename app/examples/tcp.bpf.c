// SPDX-License-Identifier: GPL-2.0
/*
 * Every TCP socket: first those that listen, then all the others, half-open and closing ones too. A port is
 * known in the byte order of the machine at the near end and in that of the network at the far one.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_endian.h>

char LICENSE[] SEC("license") = "GPL";

#define AF_INET 2

SEC("iter/tcp")
int dump_tcp(struct bpf_iter__tcp *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct sock_common *sk = ctx->sk_common;
	__u16 near, far;

	if (!sk)
		return 0;
	/* The header has used up number 0, but what a program is given begins with 0 again. */
	if (ctx->meta->seq_num == 0)
		BPF_SEQ_PRINTF(seq, "state    uid  local                  remote\n");

	near = sk->skc_num;
	far = bpf_ntohs(sk->skc_dport);
	if (sk->skc_family == AF_INET)
		BPF_SEQ_PRINTF(seq, "%5u %6u  %pI4:%-6u  %pI4:%u\n", sk->skc_state, ctx->uid, &sk->skc_rcv_saddr,
			       near, &sk->skc_daddr, far);
	else
		BPF_SEQ_PRINTF(seq, "%5u %6u  [%pI6]:%-6u  [%pI6]:%u\n", sk->skc_state, ctx->uid,
			       &sk->skc_v6_rcv_saddr, near, &sk->skc_v6_daddr, far);
	return 0;
}
