// UDP sockets by bucket.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_endian.h>

char LICENSE[] SEC("license") = "GPL";
SEC("iter/udp")
int dump(struct bpf_iter__udp *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct udp_sock *udp = ctx->udp_sk;

	if (!udp)
		return 0;
	BPF_SEQ_PRINTF(seq, "%d %d %u\n", ctx->bucket, bpf_ntohs(udp->inet.inet_sport), ctx->uid);
	return 0;
}
