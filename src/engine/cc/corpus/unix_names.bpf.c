// UNIX sockets and their names.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";
SEC("iter/unix")
int dump(struct bpf_iter__unix *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct unix_sock *unix_sk = ctx->unix_sk;

	if (!unix_sk)
		return 0;
	struct unix_address *addr = unix_sk->addr;

	if (addr)
		BPF_SEQ_PRINTF(seq, "%d %s\n", addr->len, addr->name->sun_path[0] ? addr->name->sun_path : "@");
	else
		BPF_SEQ_PRINTF(seq, "-\n");
	return 0;
}
