// SPDX-License-Identifier: GPL-2.0
/* Options that are not TCP's own, and those that only BPF has, of the sockets at one port. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

#define SOL_IP 0
#define SOL_SOCKET 1
#define SOL_TCP 6
#define SOL_IPV6 41
#define IP_TOS 1
#define SO_PRIORITY 12
#define SO_BINDTODEVICE 25
#define SO_BINDTOIFINDEX 62
#define IPV6_TCLASS 67
#define IPV6_AUTOFLOWLABEL 70
#define TCP_BPF_IW 1001
#define TCP_BPF_SNDCWND_CLAMP 1002
#define TCP_BPF_DELACK_MAX 1003
#define TCP_BPF_RTO_MIN 1004
#define TCP_BPF_SOCK_OPS_CB_FLAGS 1008

/* What an option reads, and after it was set what it reads then; errors of reading in place of a value. */
static void option(struct seq_file *seq, struct sock_common *skc, int level, int name, int value)
{
	int before = -1, after = -1, err, got;

	got = bpf_getsockopt(skc, level, name, &before, sizeof(before));
	err = bpf_setsockopt(skc, level, name, &value, sizeof(value));
	bpf_getsockopt(skc, level, name, &after, sizeof(after));
	BPF_SEQ_PRINTF(seq, "%d: %d %d %d\n", name, got ? got : before, err, got ? got : after);
}

SEC("iter/tcp")
int dump(struct bpf_iter__tcp *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct sock_common *skc = ctx->sk_common;
	char lo[] = "lo", none[] = "none0", nothing[] = "";
	int priority = -1, err, err2, err3;

	if (!skc || (skc->skc_num != 80 && skc->skc_num != 81))
		return 0;
	option(seq, skc, SOL_IP, IP_TOS, 0x13);
	bpf_getsockopt(skc, SOL_SOCKET, SO_PRIORITY, &priority, sizeof(priority));
	BPF_SEQ_PRINTF(seq, "priority %d\n", priority);
	option(seq, skc, SOL_IPV6, IPV6_TCLASS, 256);
	option(seq, skc, SOL_IPV6, IPV6_TCLASS, 0x2e);
	option(seq, skc, SOL_IPV6, IPV6_AUTOFLOWLABEL, 0);
	option(seq, skc, SOL_TCP, TCP_BPF_IW, 20);
	option(seq, skc, SOL_TCP, TCP_BPF_SNDCWND_CLAMP, 0);
	option(seq, skc, SOL_TCP, TCP_BPF_DELACK_MAX, 200001);
	option(seq, skc, SOL_TCP, TCP_BPF_RTO_MIN, 40000);
	option(seq, skc, SOL_TCP, TCP_BPF_SOCK_OPS_CB_FLAGS, 0x80);
	option(seq, skc, SOL_TCP, TCP_BPF_SOCK_OPS_CB_FLAGS, 0x41);
	err = bpf_setsockopt(skc, SOL_SOCKET, SO_BINDTODEVICE, none, sizeof(none));
	err2 = bpf_setsockopt(skc, SOL_SOCKET, SO_BINDTODEVICE, lo, sizeof(lo));
	err3 = bpf_getsockopt(skc, SOL_SOCKET, SO_BINDTODEVICE, lo, sizeof(lo));
	BPF_SEQ_PRINTF(seq, "%d, %d %d, %d\n", err, err2, skc->skc_bound_dev_if, err3);
	option(seq, skc, SOL_SOCKET, SO_BINDTOIFINDEX, -1);
	err = bpf_setsockopt(skc, SOL_SOCKET, SO_BINDTODEVICE, nothing, sizeof(nothing));
	BPF_SEQ_PRINTF(seq, "%d %d\n", err, skc->skc_bound_dev_if);
	return 0;
}
