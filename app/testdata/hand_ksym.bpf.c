// SPDX-License-Identifier: GPL-2.0
/*
 * Symbols by hand: those of the image from its compressed table, those of BPF programs from the list that they are in.
 * Lines of the iterator begin with 0, those of the walk by hand, made in its last call, with 1. There the record is
 * the one of the last symbol still; that the end of the BPF programs is known tells it from a symbol.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

char LICENSE[] SEC("license") = "GPL";

#define LONGEST 64
#define SYMBOLS 1000

extern const void kallsyms_num_syms __ksym;
extern const void kallsyms_names __ksym;
extern const void kallsyms_token_table __ksym;
extern const void kallsyms_token_index __ksym;
extern const void kallsyms_offsets __ksym;
extern const void kallsyms_relative_base __ksym;
extern const void bpf_kallsyms __ksym;

static __u64 address(int symbol)
{
	unsigned long base;
	int offset;

	bpf_probe_read_kernel(&base, sizeof(base), &kallsyms_relative_base);
	bpf_probe_read_kernel(&offset, sizeof(offset), (int *)&kallsyms_offsets + symbol);
	return offset < 0 ? base - 1 - offset : offset;
}

/* One character of a name; tokens of several characters would need a loop more. */
static char character(const __u8 *at)
{
	__u16 start;
	__u8 token;
	char c;

	bpf_probe_read_kernel(&token, sizeof(token), at);
	bpf_probe_read_kernel(&start, sizeof(start), (__u16 *)&kallsyms_token_index + token);
	bpf_probe_read_kernel(&c, sizeof(c), (char *)&kallsyms_token_table + start);
	return c;
}

static void image(struct seq_file *seq)
{
	const __u8 *at = (const __u8 *)&kallsyms_names;
	char name[LONGEST];
	__u32 count;
	__u8 length;
	int i, k;

	bpf_probe_read_kernel(&count, sizeof(count), &kallsyms_num_syms);
	if (count > SYMBOLS)
		return;
	bpf_for(i, 0, count) {
		bpf_probe_read_kernel(&length, sizeof(length), at);
		__builtin_memset(name, 0, sizeof(name));
		bpf_for(k, 0, length) {
			if (k < LONGEST)
				name[k] = character(at + 1 + k);
		}
		name[LONGEST - 1] = 0;
		BPF_SEQ_PRINTF(seq, "1 %llx %c %s\n", address(i), name[0], name + 1);
		at += 1 + length;
	}
}

static void programs(struct seq_file *seq)
{
	struct list_head *head = (struct list_head *)&bpf_kallsyms, *node = BPF_CORE_READ(head, next);
	struct bpf_ksym *sym;
	char name[128];

	bpf_repeat(100) {
		if (node == head)
			break;
		sym = (void *)node - bpf_core_field_offset(struct bpf_ksym, lnode);
		bpf_probe_read_kernel_str(name, sizeof(name), sym->name);
		BPF_SEQ_PRINTF(seq, "1 %llx t %s\n", (__u64)BPF_CORE_READ(sym, start), name);
		node = BPF_CORE_READ(node, next);
	}
}

SEC("iter/ksym")
int walk_ksym(struct bpf_iter__ksym *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct kallsym_iter *iter = ctx->ksym;

	if (!iter)
		return 0;
	if (!iter->pos_bpf_end) {
		BPF_SEQ_PRINTF(seq, "0 %llx %c %s\n", (__u64)iter->value, iter->type, iter->name);
		return 0;
	}
	image(seq);
	programs(seq);
	return 0;
}
