// Variables in sections of the program's own.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";
int hot SEC(".data.hot") = 5;
long zero SEC(".bss.zero");
const volatile int mode SEC(".rodata.conf") = 3;
static int plain = 7;

SEC("iter/task")
int dump(struct bpf_iter__task *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct task_struct *task = ctx->task;

	if (!task)
		return 0;
	hot += mode;
	zero += hot;
	BPF_SEQ_PRINTF(seq, "%d %ld %d\n", hot, zero, plain++);
	return 0;
}
