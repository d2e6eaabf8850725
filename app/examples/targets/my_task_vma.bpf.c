// SPDX-License-Identifier: GPL-2.0
/* task_vma.bpf.c on the target of my_task_vma.c: prints the same. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

#define VM_READ 0x1
#define VM_WRITE 0x2
#define VM_EXEC 0x4
#define VM_MAYSHARE 0x80

SEC("iter/my_task_vma")
int dump_my_task_vma(struct bpf_iter__my_task_vma *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct task_struct *task = ctx->task;
	struct vm_area_struct *vma = ctx->vma;
	char perm[5] = "---p";

	if (!task || !vma)
		return 0;

	if (vma->vm_flags & VM_READ)
		perm[0] = 'r';
	if (vma->vm_flags & VM_WRITE)
		perm[1] = 'w';
	if (vma->vm_flags & VM_EXEC)
		perm[2] = 'x';
	if (vma->vm_flags & VM_MAYSHARE)
		perm[3] = 's';

	BPF_SEQ_PRINTF(seq, "%6d %08lx-%08lx %s", task->pid, vma->vm_start, vma->vm_end, perm);
	if (vma->vm_file)
		BPF_SEQ_PRINTF(seq, " %s", vma->vm_file->f_path.dentry->d_name.name);
	BPF_SEQ_PRINTF(seq, "\n");
	return 0;
}
