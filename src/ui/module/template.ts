/** What a new target.c begins with: the least that a target needs, over the processes of the namespace. */
export const TEMPLATE = `// SPDX-License-Identifier: GPL-2.0
/* A target of your own. Programs name it: SEC("iter/mine") int f(struct bpf_iter__mine *ctx) */
#include <linux/bpf.h>
#include <linux/btf_ids.h>
#include <linux/pid_namespace.h>
#include <linux/sched/task.h>
#include <linux/seq_file.h>

struct bpf_iter__mine {
	__bpf_md_ptr(struct bpf_iter_meta *, meta);
	__bpf_md_ptr(struct task_struct *, task);
};
DEFINE_BPF_ITER_FUNC(mine, struct bpf_iter_meta *meta, struct task_struct *task)

/* The first task whose pid is *pos or higher, with a reference; the position is its pid. */
static void *task_from(loff_t *pos)
{
	struct task_struct *task = NULL;
	struct pid *pid;

	rcu_read_lock();
	pid = find_ge_pid(*pos, task_active_pid_ns(current));
	if (pid) {
		*pos = pid_nr_ns(pid, task_active_pid_ns(current));
		task = get_pid_task(pid, PIDTYPE_PID);
	}
	rcu_read_unlock();
	return task;
}

static void *mine_start(struct seq_file *seq, loff_t *pos)
{
	return task_from(pos);
}

static void *mine_next(struct seq_file *seq, void *v, loff_t *pos)
{
	put_task_struct(v);
	++*pos;
	return task_from(pos);
}

static int run(struct seq_file *seq, struct task_struct *task, bool in_stop)
{
	struct bpf_iter_meta meta = { .seq = seq };
	struct bpf_iter__mine ctx = { .meta = &meta, .task = task };
	struct bpf_prog *prog = bpf_iter_get_info(&meta, in_stop);

	return prog ? bpf_iter_run_prog(prog, &ctx) : 0;
}

static int mine_show(struct seq_file *seq, void *v)
{
	return run(seq, v, false);
}

static void mine_stop(struct seq_file *seq, void *v)
{
	if (v)
		put_task_struct(v);
	else
		run(seq, NULL, true);
}

static const struct seq_operations mine_ops = {
	.start = mine_start,
	.next = mine_next,
	.stop = mine_stop,
	.show = mine_show,
};

static const struct bpf_iter_seq_info mine_info = {
	.seq_ops = &mine_ops,
};

static struct bpf_iter_reg mine_reg = {
	.target = "mine",
	.feature = BPF_ITER_RESCHED,
	.ctx_arg_info_size = 1,
	.ctx_arg_info = {
		{ __builtin_offsetof(struct bpf_iter__mine, task), PTR_TO_BTF_ID_OR_NULL },
	},
	.seq_info = &mine_info,
};

static int __init mine_init(void)
{
	mine_reg.ctx_arg_info[0].btf_id = btf_tracing_ids[BTF_TRACING_TYPE_TASK];
	return bpf_iter_reg_target(&mine_reg);
}
late_initcall(mine_init);
`;
