// Weak kernel symbols that are not there.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";
extern const int no_such_variable __ksym __weak;
extern int no_such_function(int x) __ksym __weak;
extern void bpf_rcu_read_lock(void) __ksym;
extern void bpf_rcu_read_unlock(void) __ksym;

SEC("iter/task")
int dump(struct bpf_iter__task *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct task_struct *task = ctx->task;

	if (!task)
		return 0;
	int n = 0;

	if (&no_such_variable)
		n = 1;
	if (no_such_function)
		n = no_such_function(n);
	bpf_rcu_read_lock();
	n += task->pid;
	bpf_rcu_read_unlock();
	BPF_SEQ_PRINTF(seq, "%d\n", n);
	return 0;
}
