// SPDX-License-Identifier: GPL-2.0
/*
 * Every value that "sk_bytes" keeps on sockets, with its socket. The value handed out is the one that is kept: it
 * may be changed. World "sockets" has such a map, pinned; in any other it is new and empty.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_endian.h>

char LICENSE[] SEC("license") = "GPL";

struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, __u64);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} sk_bytes SEC(".maps");

/* Added to every value on the way. */
const volatile __u64 bonus = 0;
__u64 sum = 0;

SEC("iter/bpf_sk_storage_map")
int dump_bpf_sk_storage_map(struct bpf_iter__bpf_sk_storage_map *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct sock *sk = ctx->sk;
	__u64 *value = ctx->value;

	if (!sk || !value) {
		BPF_SEQ_PRINTF(seq, "                sum %8llu\n", sum);
		return 0;
	}
	if (ctx->meta->seq_num == 0)
		BPF_SEQ_PRINTF(seq, "family  local  remote    value\n");

	*value += bonus;
	sum += *value;
	BPF_SEQ_PRINTF(seq, "%6u  %5u  %6u %8llu\n", sk->__sk_common.skc_family, sk->__sk_common.skc_num,
		       bpf_ntohs(sk->__sk_common.skc_dport), *value);
	return 0;
}
