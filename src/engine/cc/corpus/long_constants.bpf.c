// Constants of every base and suffix.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

SEC("iter/task")
int dump(struct bpf_iter__task *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct task_struct *task = ctx->task;

	if (!task)
		return 0;
	BPF_SEQ_PRINTF(seq, "%lx %lu %x %d %ld\n", 0xdeadbeefcafeul + task->pid, 18446744073709551615ul, 0777, 0b1011, -9223372036854775807l - 1);
	return 0;
}
