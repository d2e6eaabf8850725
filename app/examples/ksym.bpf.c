// SPDX-License-Identifier: GPL-2.0
/*
 * The symbols as in /proc/kallsyms, and a mark at those that modules may use. The record is there even in
 * the last call, where other targets pass NULL: so the last line stands here twice, as on a real kernel.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

/* 0: every type. 'T' leaves the functions that other files of the kernel may call. */
const volatile char only_type = 0;

SEC("iter/ksym")
int dump_ksym(struct bpf_iter__ksym *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct kallsym_iter *sym = ctx->ksym;

	if (!sym)
		return 0;
	if (ctx->meta->seq_num == 0)
		BPF_SEQ_PRINTF(seq, "           address  t  name\n");
	if (only_type && sym->type != only_type)
		return 0;

	BPF_SEQ_PRINTF(seq, "0x%llx %c%c %s", sym->value, sym->type, sym->exported ? '*' : ' ', sym->name);
	if (sym->module_name[0])
		BPF_SEQ_PRINTF(seq, " [%s]", sym->module_name);
	BPF_SEQ_PRINTF(seq, "\n");
	return 0;
}
