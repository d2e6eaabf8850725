// Areas of memory with their permissions.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";
#include <bpf/bpf_tracing.h>
SEC("iter/task_vma")
int dump(struct bpf_iter__task_vma *ctx)
{
	struct vm_area_struct *vma = ctx->vma;
	struct task_struct *task = ctx->task;
	char perm[5] = "----";

	if (!vma || !task)
		return 0;
	if (vma->vm_flags & 1)
		perm[0] = 'r';
	if (vma->vm_flags & 2)
		perm[1] = 'w';
	if (vma->vm_flags & 4)
		perm[2] = 'x';
	perm[3] = vma->vm_flags & 8 ? 's' : 'p';
	BPF_SEQ_PRINTF(ctx->meta->seq, "%d %lx-%lx %s\n", task->pid, vma->vm_start, vma->vm_end, perm);
	return 0;
}
