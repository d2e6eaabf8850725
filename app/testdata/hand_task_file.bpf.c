// SPDX-License-Identifier: GPL-2.0
/* Walks task->files->fdt->fd[] by hand. Prints what iter_task_file.bpf.c prints. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

char LICENSE[] SEC("license") = "GPL";

SEC("iter/task")
int walk(struct bpf_iter__task *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct task_struct *task = ctx->task, *leader;
	struct files_struct *files;
	struct file **slots, *file;
	unsigned int max, fd;

	if (!task)
		return 0;
	leader = task->group_leader;
	files = task->files;
	if (!files || (leader != task && leader->files == files))
		return 0;

	max = BPF_CORE_READ(files, fdt, max_fds);
	slots = BPF_CORE_READ(files, fdt, fd);
	bpf_for(fd, 0, 256) {
		if (fd >= max)
			break;
		file = NULL;
		bpf_probe_read_kernel(&file, sizeof(file), slots + fd);
		if (file)
			BPF_SEQ_PRINTF(seq, "%d %d %lx %lu\n", task->pid, fd, (long)BPF_CORE_READ(file, f_op),
				       BPF_CORE_READ(file, f_inode, i_ino));
	}
	return 0;
}
