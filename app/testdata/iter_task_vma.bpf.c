// SPDX-License-Identifier: GPL-2.0
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

SEC("iter/task_vma")
int dump(struct bpf_iter__task_vma *ctx)
{
	struct task_struct *task = ctx->task;
	struct vm_area_struct *vma = ctx->vma;

	if (task && vma)
		BPF_SEQ_PRINTF(ctx->meta->seq, "%d %lx-%lx %lx\n", task->pid, vma->vm_start, vma->vm_end, vma->vm_flags);
	return 0;
}
