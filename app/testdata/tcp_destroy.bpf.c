// SPDX-License-Identifier: GPL-2.0
/* Ends every connection to port 80 that it is shown, and says which. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_endian.h>

char LICENSE[] SEC("license") = "GPL";

extern int bpf_sock_destroy(struct sock_common *sk) __ksym;

SEC("iter/tcp")
int dump(struct bpf_iter__tcp *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct sock_common *skc = ctx->sk_common;
	int dport, err;

	if (!skc || skc->skc_num != 80)
		return 0;
	dport = bpf_ntohs(skc->skc_dport);
	err = skc->skc_state == 1 ? bpf_sock_destroy(skc) : 0;
	BPF_SEQ_PRINTF(seq, "%d state=%d err=%d\n", dport, skc->skc_state, err);
	return 0;
}
