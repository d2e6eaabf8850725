// Kernel symbols that begin with a letter.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";
int n;

SEC("iter/ksym")
int dump(struct bpf_iter__ksym *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct kallsym_iter *iter = ctx->ksym;

	if (!iter)
		return 0;
	if (iter->name[0] == 'b' && iter->type != 't' && n < 40) {
		n++;
		BPF_SEQ_PRINTF(seq, "%c %s\n", iter->type, iter->name);
	}
	return 0;
}
