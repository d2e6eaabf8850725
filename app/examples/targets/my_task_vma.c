// SPDX-License-Identifier: GPL-2.0
/*
 * task_vma once more, as a target of one's own: every memory area of every task, in address order, while the
 * address space is locked for reading. Between two reads no lock is held, only a task's number and an address.
 *
 *     task by number -> mm, locked -> area, area, ... -> unlock -> next task
 */
#include <linux/bpf.h>
#include <linux/btf_ids.h>
#include <linux/mm.h>
#include <linux/pid_namespace.h>
#include <linux/sched/mm.h>
#include <linux/sched/task.h>
#include <linux/seq_file.h>

struct vma_walk {
	struct pid_namespace *ns;
	/* Only this thread, or only threads of this process; 0: any. */
	u32 only_tid, only_pid;
	/* The task that is walked, or the next to look at. */
	u32 tid;
	/* Where in it the walk goes on. */
	unsigned long resume_at;
	/* Held while an area is out: a reference, a reference with the lock, and the area. */
	struct task_struct *task;
	struct mm_struct *mm;
	struct vm_area_struct *vma;
};

static bool wanted(struct vma_walk *walk, struct task_struct *task)
{
	if (walk->only_tid)
		return true;
	if (walk->only_pid && task_tgid_nr_ns(task, walk->ns) != walk->only_pid)
		return false;
	/* A thread that shares its leader's files is passed over, as task_vma does. */
	return thread_group_leader(task) || task->files != task->group_leader->files;
}

/* The task at walk->tid or the first after it, with a reference. */
static struct task_struct *next_task(struct vma_walk *walk)
{
	struct task_struct *task = NULL;
	struct pid *pid;

	rcu_read_lock();
	for (;;) {
		pid = walk->only_tid ? find_pid_ns(walk->tid, walk->ns) : find_ge_pid(walk->tid, walk->ns);
		if (!pid)
			break;
		walk->tid = pid_nr_ns(pid, walk->ns);
		task = get_pid_task(pid, PIDTYPE_PID);
		if (task && wanted(walk, task))
			break;
		if (task)
			put_task_struct(task);
		task = NULL;
		walk->tid++;
	}
	rcu_read_unlock();
	return task;
}

static void leave_task(struct vma_walk *walk)
{
	if (walk->mm) {
		mmap_read_unlock(walk->mm);
		mmput(walk->mm);
	}
	if (walk->task)
		put_task_struct(walk->task);
	walk->mm = NULL;
	walk->task = NULL;
	walk->vma = NULL;
}

/* The first area that ends above walk->resume_at, in this task or a later one. */
static struct vm_area_struct *next_vma(struct vma_walk *walk)
{
	for (;;) {
		if (!walk->task) {
			walk->task = next_task(walk);
			if (!walk->task)
				return NULL;
			walk->mm = get_task_mm(walk->task);
			if (walk->mm)
				mmap_read_lock(walk->mm);
		} else if (walk->mm && mmap_lock_is_contended(walk->mm)) {
			/* Somebody wants to write: what is known is an address, so let go. */
			mmap_read_unlock(walk->mm);
			mmap_read_lock(walk->mm);
		}
		walk->vma = walk->mm ? find_vma(walk->mm, walk->resume_at) : NULL;
		if (walk->vma)
			return walk->vma;
		leave_task(walk);
		if (walk->only_tid)
			return NULL;
		walk->tid++;
		walk->resume_at = 0;
	}
}

static void *vma_start(struct seq_file *seq, loff_t *pos)
{
	struct vm_area_struct *vma = next_vma(seq->private);

	if (vma && *pos == 0)
		++*pos;
	return vma;
}

static void *vma_next(struct seq_file *seq, void *v, loff_t *pos)
{
	struct vma_walk *walk = seq->private;

	++*pos;
	walk->resume_at = walk->vma->vm_end;
	return next_vma(walk);
}

struct bpf_iter__my_task_vma {
	__bpf_md_ptr(struct bpf_iter_meta *, meta);
	__bpf_md_ptr(struct task_struct *, task);
	__bpf_md_ptr(struct vm_area_struct *, vma);
};

DEFINE_BPF_ITER_FUNC(my_task_vma, struct bpf_iter_meta *meta, struct task_struct *task, struct vm_area_struct *vma)

static int run(struct seq_file *seq, struct vm_area_struct *vma, bool in_stop)
{
	struct vma_walk *walk = seq->private;
	struct bpf_iter_meta meta = { .seq = seq };
	struct bpf_prog *prog = bpf_iter_get_info(&meta, in_stop);
	struct bpf_iter__my_task_vma ctx = {};

	if (!prog)
		return 0;
	ctx.meta = &meta;
	ctx.task = walk->task;
	ctx.vma = vma;
	return bpf_iter_run_prog(prog, &ctx);
}

static int vma_show(struct seq_file *seq, void *v)
{
	return run(seq, v, false);
}

static void vma_stop(struct seq_file *seq, void *v)
{
	struct vma_walk *walk = seq->private;

	if (!v) {
		run(seq, NULL, true);
		return;
	}
	walk->resume_at = walk->vma->vm_start;
	leave_task(walk);
}

static const struct seq_operations vma_ops = {
	.start = vma_start,
	.next = vma_next,
	.stop = vma_stop,
	.show = vma_show,
};

static int vma_attach(struct bpf_prog *prog, union bpf_iter_link_info *linfo, struct bpf_iter_aux_info *aux)
{
	if (linfo->task.pid_fd)
		return -EOPNOTSUPP;
	if (linfo->task.tid && linfo->task.pid)
		return -EINVAL;
	aux->task.type = linfo->task.tid ? BPF_TASK_ITER_TID : linfo->task.pid ? BPF_TASK_ITER_TGID : BPF_TASK_ITER_ALL;
	aux->task.pid = linfo->task.tid ? linfo->task.tid : linfo->task.pid;
	return 0;
}

static int vma_fill_link_info(const struct bpf_iter_aux_info *aux, struct bpf_link_info *info)
{
	if (aux->task.type == BPF_TASK_ITER_TID)
		info->iter.task.tid = aux->task.pid;
	else if (aux->task.type == BPF_TASK_ITER_TGID)
		info->iter.task.pid = aux->task.pid;
	return 0;
}

static void vma_show_fdinfo(const struct bpf_iter_aux_info *aux, struct seq_file *seq)
{
	static const char *const names[] = { "ALL", "TID", "PID" };

	seq_printf(seq, "task_type:\t%s\n", names[aux->task.type]);
	if (aux->task.type == BPF_TASK_ITER_TID)
		seq_printf(seq, "tid:\t%u\n", aux->task.pid);
	else if (aux->task.type == BPF_TASK_ITER_TGID)
		seq_printf(seq, "pid:\t%u\n", aux->task.pid);
}

static int vma_init(void *private, struct bpf_iter_aux_info *aux)
{
	struct vma_walk *walk = private;

	walk->ns = get_pid_ns(task_active_pid_ns(current));
	if (aux->task.type == BPF_TASK_ITER_TID)
		walk->tid = walk->only_tid = aux->task.pid;
	if (aux->task.type == BPF_TASK_ITER_TGID)
		walk->tid = walk->only_pid = aux->task.pid;
	return 0;
}

static void vma_fini(void *private)
{
	struct vma_walk *walk = private;

	put_pid_ns(walk->ns);
}

static const struct bpf_iter_seq_info vma_seq_info = {
	.seq_ops = &vma_ops,
	.init_seq_private = vma_init,
	.fini_seq_private = vma_fini,
	.seq_priv_size = sizeof(struct vma_walk),
};

static struct bpf_iter_reg vma_reg = {
	.target = "my_task_vma",
	.attach_target = vma_attach,
	.show_fdinfo = vma_show_fdinfo,
	.fill_link_info = vma_fill_link_info,
	.feature = BPF_ITER_RESCHED,
	.ctx_arg_info_size = 2,
	.ctx_arg_info = {
		{ __builtin_offsetof(struct bpf_iter__my_task_vma, task), PTR_TO_BTF_ID_OR_NULL },
		{ __builtin_offsetof(struct bpf_iter__my_task_vma, vma), PTR_TO_BTF_ID_OR_NULL },
	},
	.seq_info = &vma_seq_info,
};

static int __init vma_iter_init(void)
{
	vma_reg.ctx_arg_info[0].btf_id = btf_tracing_ids[BTF_TRACING_TYPE_TASK];
	vma_reg.ctx_arg_info[1].btf_id = btf_tracing_ids[BTF_TRACING_TYPE_VMA];
	return bpf_iter_reg_target(&vma_reg);
}
late_initcall(vma_iter_init);
