// SPDX-License-Identifier: GPL-2.0
/* All open-coded iterators of Linux 7.0 in one program: what each delivers, and when it stops early. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

extern int bpf_iter_bits_new(struct bpf_iter_bits *it, const __u64 *unsafe_ptr__ign, __u32 nr_words) __ksym;
extern int *bpf_iter_bits_next(struct bpf_iter_bits *it) __ksym;
extern void bpf_iter_bits_destroy(struct bpf_iter_bits *it) __ksym;
extern int bpf_iter_task_new(struct bpf_iter_task *it, struct task_struct *task__nullable, unsigned int flags) __ksym;
extern struct task_struct *bpf_iter_task_next(struct bpf_iter_task *it) __ksym;
extern void bpf_iter_task_destroy(struct bpf_iter_task *it) __ksym;
extern int bpf_iter_task_vma_new(struct bpf_iter_task_vma *it, struct task_struct *task, __u64 addr) __ksym;
extern struct vm_area_struct *bpf_iter_task_vma_next(struct bpf_iter_task_vma *it) __ksym;
extern void bpf_iter_task_vma_destroy(struct bpf_iter_task_vma *it) __ksym;
extern int bpf_iter_css_new(struct bpf_iter_css *it, struct cgroup_subsys_state *start, unsigned int flags) __ksym;
extern struct cgroup_subsys_state *bpf_iter_css_next(struct bpf_iter_css *it) __ksym;
extern void bpf_iter_css_destroy(struct bpf_iter_css *it) __ksym;
extern int bpf_iter_css_task_new(struct bpf_iter_css_task *it, struct cgroup_subsys_state *css, unsigned int flags) __ksym;
extern struct task_struct *bpf_iter_css_task_next(struct bpf_iter_css_task *it) __ksym;
extern void bpf_iter_css_task_destroy(struct bpf_iter_css_task *it) __ksym;
extern int bpf_iter_kmem_cache_new(struct bpf_iter_kmem_cache *it) __ksym;
extern struct kmem_cache *bpf_iter_kmem_cache_next(struct bpf_iter_kmem_cache *it) __ksym;
extern void bpf_iter_kmem_cache_destroy(struct bpf_iter_kmem_cache *it) __ksym;
extern int bpf_iter_dmabuf_new(struct bpf_iter_dmabuf *it) __ksym;
extern struct dma_buf *bpf_iter_dmabuf_next(struct bpf_iter_dmabuf *it) __ksym;
extern void bpf_iter_dmabuf_destroy(struct bpf_iter_dmabuf *it) __ksym;
extern void bpf_rcu_read_lock(void) __ksym;
extern void bpf_rcu_read_unlock(void) __ksym;

/* Steps after which the walks over lists stop. */
const volatile int most = 1000;

SEC("iter.s/cgroup")
int lists(struct bpf_iter__cgroup *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct cgroup *cgrp = ctx->cgroup;
	struct bpf_iter_css_task members;
	struct bpf_iter_kmem_cache caches;
	struct bpf_iter_dmabuf bufs;
	struct bpf_iter_css below;
	struct bpf_iter_bits bits;
	struct task_struct *task;
	struct kmem_cache *s;
	struct dma_buf *buf;
	__u64 word = 0x8001000000000025;
	int *bit, i, n = 0;

	if (!cgrp)
		return 0;

	bpf_for(i, 3, 6)
		BPF_SEQ_PRINTF(seq, "num %d\n", i);

	bpf_iter_bits_new(&bits, &word, 1);
	while ((bit = bpf_iter_bits_next(&bits)))
		BPF_SEQ_PRINTF(seq, "bits %d\n", *bit);
	bpf_iter_bits_destroy(&bits);

	bpf_rcu_read_lock();
	bpf_iter_css_new(&below, &cgrp->self, 2);
	while (bpf_iter_css_next(&below))
		n++;
	bpf_iter_css_destroy(&below);
	bpf_rcu_read_unlock();
	BPF_SEQ_PRINTF(seq, "css %d\n", n);

	bpf_iter_css_task_new(&members, &cgrp->self, 0);
	while ((task = bpf_iter_css_task_next(&members)))
		BPF_SEQ_PRINTF(seq, "css_task %d\n", task->pid);
	bpf_iter_css_task_destroy(&members);

	n = 0;
	bpf_iter_kmem_cache_new(&caches);
	while (n < most && (s = bpf_iter_kmem_cache_next(&caches))) {
		BPF_SEQ_PRINTF(seq, "kmem_cache %llu %d\n", (unsigned long long)s, s->refcount);
		n++;
	}
	bpf_iter_kmem_cache_destroy(&caches);

	n = 0;
	bpf_iter_dmabuf_new(&bufs);
	while (n < most && (buf = bpf_iter_dmabuf_next(&bufs))) {
		BPF_SEQ_PRINTF(seq, "dmabuf %llu %ld\n", (unsigned long long)buf, buf->file->f_count.counter);
		n++;
	}
	bpf_iter_dmabuf_destroy(&bufs);
	return 0;
}

SEC("iter.s/task")
int tasks(struct bpf_iter__task *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct bpf_iter_task_vma areas;
	struct bpf_iter_task all;
	struct task_struct *task = ctx->task, *other;
	struct vm_area_struct *vma;

	if (!task)
		return 0;
	bpf_rcu_read_lock();
	bpf_iter_task_new(&all, 0, 1);
	while ((other = bpf_iter_task_next(&all)))
		BPF_SEQ_PRINTF(seq, "task %d\n", other->pid);
	bpf_iter_task_destroy(&all);
	bpf_rcu_read_unlock();

	bpf_iter_task_vma_new(&areas, task, 0);
	while ((vma = bpf_iter_task_vma_next(&areas)))
		BPF_SEQ_PRINTF(seq, "task_vma %lx\n", vma->vm_start);
	bpf_iter_task_vma_destroy(&areas);
	return 0;
}
