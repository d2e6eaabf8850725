// FNV-1a over the name.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";
static __always_inline unsigned int fnv(const char *s, int n)
{
	unsigned int h = 2166136261u;

	for (int i = 0; i < n && s[i]; i++)
		h = (h ^ (unsigned char)s[i]) * 16777619u;
	return h;
}

SEC("iter/task")
int dump(struct bpf_iter__task *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct task_struct *task = ctx->task;

	if (!task)
		return 0;
	char name[16];

	bpf_probe_read_kernel_str(name, sizeof(name), task->comm);
	BPF_SEQ_PRINTF(seq, "%s %08x\n", name, fnv(name, 16));
	return 0;
}
