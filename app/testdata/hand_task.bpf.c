// SPDX-License-Identifier: GPL-2.0
/* Walks the kernel's own list of processes, and each process's list of threads, from the first object of
 * the iterator: init_task is found through the parents. Prints what iter_task.bpf.c prints. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

char LICENSE[] SEC("license") = "GPL";

SEC("iter/task")
int walk(struct bpf_iter__task *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct task_struct *task = ctx->task, *root, *leader, *thread;
	struct list_head *head, *node;
	int i, j;

	if (!task || ctx->meta->seq_num != 0)
		return 0;

	root = task;
	for (i = 0; i < 16 && BPF_CORE_READ(root, pid) != 0; i++)
		root = BPF_CORE_READ(root, real_parent);

	leader = root;
	bpf_for(i, 0, 256) {
		leader = container_of(BPF_CORE_READ(leader, tasks.next), struct task_struct, tasks);
		if (leader == root)
			break;
		head = &BPF_CORE_READ(leader, signal)->thread_head;
		node = BPF_CORE_READ(head, next);
		bpf_for(j, 0, 64) {
			if (node == head)
				break;
			thread = container_of(node, struct task_struct, thread_node);
			BPF_SEQ_PRINTF(seq, "%d %d\n", BPF_CORE_READ(thread, tgid), BPF_CORE_READ(thread, pid));
			node = BPF_CORE_READ(node, next);
		}
	}
	return 0;
}
