// SPDX-License-Identifier: GPL-2.0
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_endian.h>

char LICENSE[] SEC("license") = "GPL";

SEC("iter/tcp")
int dump(struct bpf_iter__tcp *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct sock_common *skc = ctx->sk_common;
	struct tcp_sock *tcp;
	struct tcp_timewait_sock *timewait;
	struct tcp_request_sock *request;
	char congestion[16] = {};

	if (!skc) {
		BPF_SEQ_PRINTF(seq, "end %lld\n", ctx->meta->seq_num);
		return 0;
	}
	BPF_SEQ_PRINTF(seq, "%llu %d %d uid=%u :%u -> %pI4:%u", ctx->meta->seq_num, skc->skc_family, skc->skc_state,
		       ctx->uid, skc->skc_num, &skc->skc_daddr, bpf_ntohs(skc->skc_dport));
	tcp = bpf_skc_to_tcp_sock(skc);
	timewait = bpf_skc_to_tcp_timewait_sock(skc);
	request = bpf_skc_to_tcp_request_sock(skc);
	if (tcp) {
		bpf_getsockopt(tcp, 6 /* SOL_TCP */, 13 /* TCP_CONGESTION */, congestion, sizeof(congestion));
		BPF_SEQ_PRINTF(seq, " tcp %s waiting=%u", congestion, tcp->inet_conn.icsk_inet.sk.sk_ack_backlog);
	}
	if (timewait)
		BPF_SEQ_PRINTF(seq, " timewait :%u", bpf_ntohs(timewait->tw_sk.tw_sport));
	if (request)
		BPF_SEQ_PRINTF(seq, " request mss=%u", request->req.req.mss);
	BPF_SEQ_PRINTF(seq, "\n");
	return 0;
}
