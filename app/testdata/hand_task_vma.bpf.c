// SPDX-License-Identifier: GPL-2.0
/* Walks an mm's maple tree by hand: a root, at most one level of inner nodes, and leaves whose slots are
 * VMAs. Node pointers carry their type in the low byte. Prints what iter_task_vma.bpf.c prints. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

char LICENSE[] SEC("license") = "GPL";

#define NODE_MASK 0xffUL
#define TYPE(enode) (((enode) >> 3) & 0xf)
#define LEAF_64 1
#define RANGE_64 2
#define ARANGE_64 3
#define LEAF_SLOTS 16
#define ARANGE_SLOTS 10

static void print_leaf(struct seq_file *seq, int pid, unsigned long enode)
{
	struct maple_range_64 *leaf = (void *)(enode & ~NODE_MASK);
	struct vm_area_struct *vma;
	int i;

	for (i = 0; i < LEAF_SLOTS; i++) {
		vma = BPF_CORE_READ(leaf, slot[i]);
		/* An odd or small value is no VMA: a marker or the node's own metadata. */
		if ((unsigned long)vma < 4096 || ((unsigned long)vma & 3))
			continue;
		if (BPF_CORE_READ(vma, vm_end) <= BPF_CORE_READ(vma, vm_start))
			continue;
		BPF_SEQ_PRINTF(seq, "%d %lx-%lx %lx\n", pid, BPF_CORE_READ(vma, vm_start), BPF_CORE_READ(vma, vm_end),
			       BPF_CORE_READ(vma, vm_flags));
	}
}

SEC("iter/task")
int walk(struct bpf_iter__task *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct task_struct *task = ctx->task, *leader;
	struct maple_arange_64 *inner;
	struct maple_range_64 *range;
	unsigned long root, child;
	int i;

	if (!task)
		return 0;
	leader = task->group_leader;
	if (!task->mm || (leader != task && leader->files == task->files))
		return 0;

	root = (unsigned long)BPF_CORE_READ(task, mm, mm_mt.ma_root);
	if (TYPE(root) == LEAF_64) {
		print_leaf(seq, task->pid, root);
		return 0;
	}
	inner = (void *)(root & ~NODE_MASK);
	range = (void *)(root & ~NODE_MASK);
	for (i = 0; i < ARANGE_SLOTS; i++) {
		if (TYPE(root) == ARANGE_64)
			child = (unsigned long)BPF_CORE_READ(inner, slot[i]);
		else
			child = (unsigned long)BPF_CORE_READ(range, slot[i]);
		if (child > 4096 && TYPE(child) == LEAF_64)
			print_leaf(seq, task->pid, child);
	}
	return 0;
}
