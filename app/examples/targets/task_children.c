// SPDX-License-Identifier: GPL-2.0
/*
 * A target of one's own: the children of one task, in the order they were made.
 *
 * Whose children: that of --pid or --tid, else the reader's. Between two reads nothing is held but a number,
 * so the child to go on with is counted off again; one that has come or gone meanwhile may shift the rest.
 */
#include <linux/bpf.h>
#include <linux/btf_ids.h>
#include <linux/pid_namespace.h>
#include <linux/sched/task.h>
#include <linux/seq_file.h>

struct children_info {
	struct task_struct *parent;
};

static struct task_struct *child_at(struct task_struct *parent, loff_t pos)
{
	struct task_struct *child, *found = NULL;

	rcu_read_lock();
	list_for_each_entry(child, &parent->children, sibling) {
		if (pos-- == 0) {
			found = get_task_struct(child);
			break;
		}
	}
	rcu_read_unlock();
	return found;
}

static void *children_start(struct seq_file *seq, loff_t *pos)
{
	struct children_info *info = seq->private;

	return child_at(info->parent, *pos);
}

static void *children_next(struct seq_file *seq, void *v, loff_t *pos)
{
	struct children_info *info = seq->private;

	put_task_struct(v);
	++*pos;
	return child_at(info->parent, *pos);
}

struct bpf_iter__task_children {
	__bpf_md_ptr(struct bpf_iter_meta *, meta);
	__bpf_md_ptr(struct task_struct *, parent);
	__bpf_md_ptr(struct task_struct *, child);
};

DEFINE_BPF_ITER_FUNC(task_children, struct bpf_iter_meta *meta, struct task_struct *parent,
		     struct task_struct *child)

static int run(struct seq_file *seq, struct task_struct *child, bool in_stop)
{
	struct children_info *info = seq->private;
	struct bpf_iter__task_children ctx = {};
	struct bpf_iter_meta meta = {};
	struct bpf_prog *prog;

	meta.seq = seq;
	prog = bpf_iter_get_info(&meta, in_stop);
	if (!prog)
		return 0;
	ctx.meta = &meta;
	ctx.parent = info->parent;
	ctx.child = child;
	return bpf_iter_run_prog(prog, &ctx);
}

static int children_show(struct seq_file *seq, void *v)
{
	return run(seq, v, false);
}

static void children_stop(struct seq_file *seq, void *v)
{
	if (!v)
		run(seq, NULL, true);
	else
		put_task_struct(v);
}

static const struct seq_operations children_ops = {
	.start = children_start,
	.next = children_next,
	.stop = children_stop,
	.show = children_show,
};

static int children_attach(struct bpf_prog *prog, union bpf_iter_link_info *linfo, struct bpf_iter_aux_info *aux)
{
	if (linfo->task.tid && linfo->task.pid)
		return -EINVAL;
	aux->task.pid = linfo->task.tid ? linfo->task.tid : linfo->task.pid;
	return 0;
}

static void children_show_fdinfo(const struct bpf_iter_aux_info *aux, struct seq_file *seq)
{
	seq_printf(seq, "parent:\t%u\n", aux->task.pid);
}

static int children_init(void *private, struct bpf_iter_aux_info *aux)
{
	struct children_info *info = private;

	if (aux->task.pid)
		info->parent = find_get_task_by_vpid(aux->task.pid);
	else
		info->parent = get_task_struct(current);
	return info->parent ? 0 : -ESRCH;
}

static void children_fini(void *private)
{
	struct children_info *info = private;

	put_task_struct(info->parent);
}

static const struct bpf_iter_seq_info children_seq_info = {
	.seq_ops = &children_ops,
	.init_seq_private = children_init,
	.fini_seq_private = children_fini,
	.seq_priv_size = sizeof(struct children_info),
};

BTF_ID_LIST_SINGLE(task_struct_id, struct, task_struct)

static struct bpf_iter_reg children_reg = {
	.target = "task_children",
	.attach_target = children_attach,
	.show_fdinfo = children_show_fdinfo,
	.ctx_arg_info_size = 2,
	.ctx_arg_info = {
		{ __builtin_offsetof(struct bpf_iter__task_children, parent), PTR_TO_BTF_ID_OR_NULL },
		{ __builtin_offsetof(struct bpf_iter__task_children, child), PTR_TO_BTF_ID_OR_NULL },
	},
	.seq_info = &children_seq_info,
};

static int __init children_iter_init(void)
{
	children_reg.ctx_arg_info[0].btf_id = task_struct_id[0];
	children_reg.ctx_arg_info[1].btf_id = task_struct_id[0];
	return bpf_iter_reg_target(&children_reg);
}
late_initcall(children_iter_init);
