// TCP sockets by state and port.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_endian.h>

char LICENSE[] SEC("license") = "GPL";
static int states[16];

SEC("iter/tcp")
int dump(struct bpf_iter__tcp *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct sock_common *sk = ctx->sk_common;

	if (!sk)
		return 0;
	unsigned char state = sk->skc_state;

	states[state & 15]++;
	BPF_SEQ_PRINTF(seq, "%d %d %d %d\n", state, sk->skc_num, bpf_ntohs(sk->skc_dport), states[state & 15]);
	return 0;
}
