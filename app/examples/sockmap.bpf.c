// SPDX-License-Identifier: GPL-2.0
/*
 * Every place of a map of sockets. In "proxied" an empty place is shown too, with a key and no socket; "backends"
 * is a hash, and has none. World "sockets" has both, pinned; in any other they are new and empty.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_endian.h>

char LICENSE[] SEC("license") = "GPL";

struct {
	__uint(type, BPF_MAP_TYPE_SOCKMAP);
	__uint(max_entries, 8);
	__type(key, __u32);
	__type(value, __u64);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} proxied SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_SOCKHASH);
	__uint(max_entries, 8);
	__type(key, __u32);
	__type(value, __u64);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} backends SEC(".maps");

SEC("iter/sockmap")
int dump_sockmap(struct bpf_iter__sockmap *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct sock *sk = ctx->sk;
	__u32 *key = ctx->key;

	if (!key)
		return 0;
	if (ctx->meta->seq_num == 0)
		BPF_SEQ_PRINTF(seq, "  key  family  state  local  remote\n");
	if (!sk) {
		BPF_SEQ_PRINTF(seq, "%5u  -\n", *key);
		return 0;
	}

	BPF_SEQ_PRINTF(seq, "%5u  %6u  %5u  %5u  %6u\n", *key, sk->__sk_common.skc_family,
		       sk->__sk_common.skc_state, sk->__sk_common.skc_num,
		       bpf_ntohs(sk->__sk_common.skc_dport));
	return 0;
}
