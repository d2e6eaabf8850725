// Programs of several targets share a global and a function.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";
int lines;
static __noinline int number(void) { return ++lines; }

SEC("iter/task")
int tasks(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;

	if (task)
		BPF_SEQ_PRINTF(ctx->meta->seq, "%d task %d\n", number(), task->pid);
	return 0;
}

SEC("iter/bpf_map")
int maps(struct bpf_iter__bpf_map *ctx)
{
	struct bpf_map *map = ctx->map;

	if (map)
		BPF_SEQ_PRINTF(ctx->meta->seq, "%d map %d\n", number(), map->id);
	return 0;
}

SEC("iter/task_file")
int files(struct bpf_iter__task_file *ctx)
{
	if (ctx->file)
		BPF_SEQ_PRINTF(ctx->meta->seq, "%d fd %d\n", number(), ctx->fd);
	return 0;
}
