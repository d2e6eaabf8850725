// A line for each mapping, with its permissions.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";
SEC("iter/task_vma")
int dump(struct bpf_iter__task_vma *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct vm_area_struct *vma = ctx->vma;
	struct task_struct *task = ctx->task;

	if (!vma || !task)
		return 0;
	char perm[] = "---p";

	if (vma->vm_flags & 1)
		perm[0] = 'r';
	if (vma->vm_flags & 2)
		perm[1] = 'w';
	if (vma->vm_flags & 4)
		perm[2] = 'x';
	if (vma->vm_flags & 8)
		perm[3] = 's';
	BPF_SEQ_PRINTF(seq, "%d %08lx-%08lx %s %lx\n", task->pid, vma->vm_start, vma->vm_end, perm, vma->vm_pgoff << 12);
	return 0;
}
