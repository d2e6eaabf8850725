// Names in upper case, words counted.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";
static __always_inline char upper(char c) { return c >= 'a' && c <= 'z' ? c - 32 : c; }

SEC("iter/task")
int dump(struct bpf_iter__task *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct task_struct *task = ctx->task;

	if (!task)
		return 0;
	char name[16];
	int words = 0, inside = 0;

	bpf_probe_read_kernel_str(name, sizeof(name), task->comm);
	for (int i = 0; i < 15; i++) {
		int letter = name[i] && name[i] != '/' && name[i] != ' ';

		words += letter && !inside;
		inside = letter;
		name[i] = upper(name[i]);
	}
	name[15] = 0;
	BPF_SEQ_PRINTF(seq, "%s %d\n", name, words);
	return 0;
}
