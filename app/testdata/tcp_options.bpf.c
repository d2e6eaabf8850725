// SPDX-License-Identifier: GPL-2.0
/* Sets and reads options of every socket at port 22. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

#define SOL_SOCKET 1
#define SOL_TCP 6
#define SO_RCVBUF 8
#define SO_KEEPALIVE 9
#define TCP_CONGESTION 13
#define TCP_NODELAY 1
#define TCP_KEEPIDLE 4
#define TCP_KEEPCNT 6
#define TCP_USER_TIMEOUT 18
#define TCP_SAVE_SYN 27

/* What an option reads, and after it was set what it reads then. */
static void option(struct seq_file *seq, struct sock_common *skc, int name, int value)
{
	int before = -1, after = -1, err;

	bpf_getsockopt(skc, SOL_TCP, name, &before, sizeof(before));
	err = bpf_setsockopt(skc, SOL_TCP, name, &value, sizeof(value));
	bpf_getsockopt(skc, SOL_TCP, name, &after, sizeof(after));
	BPF_SEQ_PRINTF(seq, "%d: %d %d %d, ", name, before, err, after);
}

SEC("iter/tcp")
int dump(struct bpf_iter__tcp *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct sock_common *skc = ctx->sk_common;
	char reno[] = "reno", unknown[] = "unknown", name[16] = {};
	int buffer = 100000, one = 1, rcvbuf = -1, keepalive = -1, err;

	if (!skc || skc->skc_num != 22)
		return 0;
	err = bpf_setsockopt(skc, SOL_TCP, TCP_CONGESTION, unknown, sizeof(unknown));
	BPF_SEQ_PRINTF(seq, "unknown %d, ", err);
	err = bpf_setsockopt(skc, SOL_TCP, TCP_CONGESTION, reno, sizeof(reno));
	bpf_getsockopt(skc, SOL_TCP, TCP_CONGESTION, name, sizeof(name));
	BPF_SEQ_PRINTF(seq, "%s %d, ", name, err);
	bpf_setsockopt(skc, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof(buffer));
	bpf_getsockopt(skc, SOL_SOCKET, SO_RCVBUF, &rcvbuf, sizeof(rcvbuf));
	bpf_setsockopt(skc, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof(one));
	bpf_getsockopt(skc, SOL_SOCKET, SO_KEEPALIVE, &keepalive, sizeof(keepalive));
	option(seq, skc, TCP_NODELAY, 5);
	option(seq, skc, TCP_KEEPIDLE, 60);
	option(seq, skc, TCP_KEEPCNT, 128);
	option(seq, skc, TCP_USER_TIMEOUT, 30000);
	option(seq, skc, TCP_SAVE_SYN, 2);
	BPF_SEQ_PRINTF(seq, "rcvbuf %d keepalive %d, ", rcvbuf, keepalive);
	err = bpf_setsockopt(skc, SOL_SOCKET, 999, &one, sizeof(one));
	BPF_SEQ_PRINTF(seq, "no such option %d\n", err);
	return 0;
}
