/* SPDX-License-Identifier: MIT */
/* Functions that programs name: one per iterator target, and the kfuncs. Only their types matter. */
#pragma once
#include "iter.h"
#include "map_kinds.h"
#include "progs.h"
#include "trust.h"

#define __kfunc __attribute__((btf_decl_tag("bpf_kfunc")))
/* Kernels before this release (major * 100 + minor) do not have the function. */
#define __since(release) __attribute__((btf_decl_tag("since:" #release)))

int bpf_iter_ksym(struct bpf_iter_meta *meta, struct kallsym_iter *ksym);
int bpf_iter_bpf_map(struct bpf_iter_meta *meta, struct bpf_map *map);
int bpf_iter_task(struct bpf_iter_meta *meta, struct task_struct *task);
int bpf_iter_task_file(struct bpf_iter_meta *meta, struct task_struct *task, u32 fd, struct file *file);
int bpf_iter_task_vma(struct bpf_iter_meta *meta, struct task_struct *task, struct vm_area_struct *vma);
int bpf_iter_bpf_prog(struct bpf_iter_meta *meta, struct bpf_prog *prog);
int bpf_iter_bpf_link(struct bpf_iter_meta *meta, struct bpf_link *link);
int bpf_iter_bpf_map_elem(struct bpf_iter_meta *meta, struct bpf_map *map, void *key, void *value);
int bpf_iter_cgroup(struct bpf_iter_meta *meta, struct cgroup *cgroup);
int bpf_iter_sockmap(struct bpf_iter_meta *meta, struct bpf_map *map, void *key, struct sock *sk);
int bpf_iter_bpf_sk_storage_map(struct bpf_iter_meta *meta, struct bpf_map *map, struct sock *sk, void *value);
int bpf_iter_netlink(struct bpf_iter_meta *meta, struct netlink_sock *sk);
int bpf_iter_tcp(struct bpf_iter_meta *meta, struct sock_common *sk_common, uid_t uid);
int bpf_iter_udp(struct bpf_iter_meta *meta, struct udp_sock *udp_sk, uid_t uid, int bucket);
int bpf_iter_unix(struct bpf_iter_meta *meta, struct unix_sock *unix_sk, uid_t uid);
int bpf_iter_ipv6_route(struct bpf_iter_meta *meta, struct fib6_info *rt);
__since(613) int bpf_iter_kmem_cache(struct bpf_iter_meta *meta, struct kmem_cache *s);
__since(616) int bpf_iter_dmabuf(struct bpf_iter_meta *meta, struct dma_buf *dmabuf);

__kfunc int bpf_iter_num_new(struct bpf_iter_num *it, int start, int end);
__kfunc int *bpf_iter_num_next(struct bpf_iter_num *it);
__kfunc void bpf_iter_num_destroy(struct bpf_iter_num *it);
__kfunc int bpf_iter_task_vma_new(struct bpf_iter_task_vma *it, struct task_struct *task, u64 addr);
__kfunc struct vm_area_struct *bpf_iter_task_vma_next(struct bpf_iter_task_vma *it);
__kfunc void bpf_iter_task_vma_destroy(struct bpf_iter_task_vma *it);
__kfunc int bpf_iter_css_task_new(struct bpf_iter_css_task *it, struct cgroup_subsys_state *css, unsigned int flags);
__kfunc struct task_struct *bpf_iter_css_task_next(struct bpf_iter_css_task *it);
__kfunc void bpf_iter_css_task_destroy(struct bpf_iter_css_task *it);
__kfunc int bpf_iter_css_new(struct bpf_iter_css *it, struct cgroup_subsys_state *start, unsigned int flags);
__kfunc struct cgroup_subsys_state *bpf_iter_css_next(struct bpf_iter_css *it);
__kfunc void bpf_iter_css_destroy(struct bpf_iter_css *it);
__kfunc int bpf_iter_task_new(struct bpf_iter_task *it, struct task_struct *task__nullable, unsigned int flags);
__kfunc struct task_struct *bpf_iter_task_next(struct bpf_iter_task *it);
__kfunc void bpf_iter_task_destroy(struct bpf_iter_task *it);
__kfunc int bpf_iter_bits_new(struct bpf_iter_bits *it, const u64 *unsafe_ptr__ign, u32 nr_words);
__kfunc int *bpf_iter_bits_next(struct bpf_iter_bits *it);
__kfunc void bpf_iter_bits_destroy(struct bpf_iter_bits *it);
__since(613) __kfunc int bpf_iter_kmem_cache_new(struct bpf_iter_kmem_cache *it);
__since(613) __kfunc struct kmem_cache *bpf_iter_kmem_cache_next(struct bpf_iter_kmem_cache *it);
__since(613) __kfunc void bpf_iter_kmem_cache_destroy(struct bpf_iter_kmem_cache *it);
__since(616) __kfunc int bpf_iter_dmabuf_new(struct bpf_iter_dmabuf *it);
__since(616) __kfunc struct dma_buf *bpf_iter_dmabuf_next(struct bpf_iter_dmabuf *it);
__since(616) __kfunc void bpf_iter_dmabuf_destroy(struct bpf_iter_dmabuf *it);
__kfunc struct task_struct *bpf_task_acquire(struct task_struct *p);
__kfunc void bpf_task_release(struct task_struct *p);
__kfunc struct task_struct *bpf_task_from_pid(s32 pid);
__kfunc long bpf_task_under_cgroup(struct task_struct *task, struct cgroup *ancestor);
__kfunc struct cgroup *bpf_task_get_cgroup1(struct task_struct *task, int hierarchy_id);
__kfunc struct cgroup *bpf_cgroup_acquire(struct cgroup *cgrp);
__kfunc void bpf_cgroup_release(struct cgroup *cgrp);
__kfunc struct cgroup *bpf_cgroup_ancestor(struct cgroup *cgrp, int level);
__kfunc struct cgroup *bpf_cgroup_from_id(u64 cgid);
__kfunc void bpf_rcu_read_lock(void);
__kfunc void bpf_rcu_read_unlock(void);
__kfunc void bpf_preempt_disable(void);
__kfunc void bpf_preempt_enable(void);
__kfunc void *bpf_cast_to_kern_ctx(void *obj);
__kfunc void *bpf_rdonly_cast(const void *obj__ign, u32 btf_id__k);
__kfunc s64 bpf_map_sum_elem_count(const struct bpf_map *map);
__kfunc int bpf_dynptr_adjust(const struct bpf_dynptr *p, u32 start, u32 end);
__kfunc bool bpf_dynptr_is_null(const struct bpf_dynptr *p);
__kfunc bool bpf_dynptr_is_rdonly(const struct bpf_dynptr *p);
__kfunc __u32 bpf_dynptr_size(const struct bpf_dynptr *p);
__kfunc void cgroup_rstat_updated(struct cgroup *cgrp, int cpu);
__kfunc void cgroup_rstat_flush(struct cgroup *cgrp);
__kfunc int bpf_sock_destroy(struct sock_common *sock);
__kfunc int bpf_dynptr_clone(const struct bpf_dynptr *p, struct bpf_dynptr *clone__uninit);
__kfunc void *bpf_dynptr_slice(const struct bpf_dynptr *p, u32 offset, void *buffer__opt, u32 buffer__szk);
__kfunc void *bpf_dynptr_slice_rdwr(const struct bpf_dynptr *p, u32 offset, void *buffer__opt, u32 buffer__szk);
__kfunc int bpf_copy_from_user_str(void *dst, u32 dst__sz, const void *unsafe_ptr__ign, u64 flags);
__kfunc void bpf_throw(u64 cookie);
__kfunc void *bpf_obj_new_impl(u64 local_type_id__k, void *meta__ign);
__kfunc void *bpf_percpu_obj_new_impl(u64 local_type_id__k, void *meta__ign);
__kfunc void bpf_obj_drop_impl(void *p__alloc, void *meta__ign);
__kfunc void bpf_percpu_obj_drop_impl(void *p__alloc, void *meta__ign);
__kfunc void *bpf_refcount_acquire_impl(void *p__refcounted_kptr, void *meta__ign);
__kfunc int bpf_list_push_front_impl(struct bpf_list_head *head, struct bpf_list_node *node, void *meta__ign, u64 off);
__kfunc int bpf_list_push_back_impl(struct bpf_list_head *head, struct bpf_list_node *node, void *meta__ign, u64 off);
__kfunc struct bpf_list_node *bpf_list_pop_front(struct bpf_list_head *head);
__kfunc struct bpf_list_node *bpf_list_pop_back(struct bpf_list_head *head);
__kfunc struct bpf_rb_node *bpf_rbtree_remove(struct bpf_rb_root *root, struct bpf_rb_node *node);
__kfunc int bpf_rbtree_add_impl(struct bpf_rb_root *root, struct bpf_rb_node *node, bool (*less)(struct bpf_rb_node *a, const struct bpf_rb_node *b), void *meta__ign, u64 off);
__kfunc struct bpf_rb_node *bpf_rbtree_first(struct bpf_rb_root *root);
__kfunc void *bpf_arena_alloc_pages(void *p__map, void *addr__ign, u32 page_cnt, int node_id, u64 flags);
__kfunc void bpf_arena_free_pages(void *p__map, void *ptr__ign, u32 page_cnt);
__kfunc int bpf_wq_init(struct bpf_wq *wq, void *p__map, unsigned int flags);
__kfunc int bpf_wq_set_callback_impl(struct bpf_wq *wq, int (*callback_fn)(void *map, int *key, void *value), unsigned int flags, void *aux__ign);
__kfunc int bpf_wq_start(struct bpf_wq *wq, unsigned int flags);
__since(613) __kfunc struct kmem_cache *bpf_get_kmem_cache(u64 addr);
__kfunc struct bpf_key *bpf_lookup_user_key(u32 serial, u64 flags);
__kfunc struct bpf_key *bpf_lookup_system_key(u64 id);
__kfunc void bpf_key_put(struct bpf_key *bkey);
__kfunc int bpf_verify_pkcs7_signature(struct bpf_dynptr *data_p, struct bpf_dynptr *sig_p, struct bpf_key *trusted_keyring);
__kfunc struct bpf_cpumask *bpf_cpumask_create(void);
__kfunc struct bpf_cpumask *bpf_cpumask_acquire(struct bpf_cpumask *cpumask);
__kfunc void bpf_cpumask_release(struct bpf_cpumask *cpumask);
__kfunc u32 bpf_cpumask_first(const struct cpumask *cpumask);
__kfunc u32 bpf_cpumask_first_zero(const struct cpumask *cpumask);
__kfunc u32 bpf_cpumask_first_and(const struct cpumask *src1, const struct cpumask *src2);
__kfunc void bpf_cpumask_set_cpu(u32 cpu, struct bpf_cpumask *cpumask);
__kfunc void bpf_cpumask_clear_cpu(u32 cpu, struct bpf_cpumask *cpumask);
__kfunc bool bpf_cpumask_test_cpu(u32 cpu, const struct cpumask *cpumask);
__kfunc bool bpf_cpumask_test_and_set_cpu(u32 cpu, struct bpf_cpumask *cpumask);
__kfunc bool bpf_cpumask_test_and_clear_cpu(u32 cpu, struct bpf_cpumask *cpumask);
__kfunc void bpf_cpumask_setall(struct bpf_cpumask *cpumask);
__kfunc void bpf_cpumask_clear(struct bpf_cpumask *cpumask);
__kfunc bool bpf_cpumask_and(struct bpf_cpumask *dst, const struct cpumask *src1, const struct cpumask *src2);
__kfunc void bpf_cpumask_or(struct bpf_cpumask *dst, const struct cpumask *src1, const struct cpumask *src2);
__kfunc void bpf_cpumask_xor(struct bpf_cpumask *dst, const struct cpumask *src1, const struct cpumask *src2);
__kfunc bool bpf_cpumask_equal(const struct cpumask *src1, const struct cpumask *src2);
__kfunc bool bpf_cpumask_intersects(const struct cpumask *src1, const struct cpumask *src2);
__kfunc bool bpf_cpumask_subset(const struct cpumask *src1, const struct cpumask *src2);
__kfunc bool bpf_cpumask_empty(const struct cpumask *cpumask);
__kfunc bool bpf_cpumask_full(const struct cpumask *cpumask);
__kfunc void bpf_cpumask_copy(struct bpf_cpumask *dst, const struct cpumask *src);
__kfunc u32 bpf_cpumask_any_distribute(const struct cpumask *cpumask);
__kfunc u32 bpf_cpumask_any_and_distribute(const struct cpumask *src1, const struct cpumask *src2);
__kfunc u32 bpf_cpumask_weight(const struct cpumask *cpumask);
__since(614) __kfunc void bpf_local_irq_save(unsigned long *flags__irq_flag);
__since(614) __kfunc void bpf_local_irq_restore(unsigned long *flags__irq_flag);
struct bpf_res_spin_lock {
	u32 val;
};
__since(615) __kfunc int bpf_res_spin_lock(struct bpf_res_spin_lock *lock);
__since(615) __kfunc void bpf_res_spin_unlock(struct bpf_res_spin_lock *lock);
__since(615) __kfunc int bpf_res_spin_lock_irqsave(struct bpf_res_spin_lock *lock, unsigned long *flags__irq_flag);
__since(615) __kfunc void bpf_res_spin_unlock_irqrestore(struct bpf_res_spin_lock *lock, unsigned long *flags__irq_flag);
