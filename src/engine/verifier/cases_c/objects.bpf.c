/* Objects that programs allocate, and lists and trees of them. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

extern void *bpf_obj_new_impl(__u64 local_type_id, void *meta) __ksym;
extern void bpf_obj_drop_impl(void *kptr, void *meta) __ksym;
extern void *bpf_refcount_acquire_impl(void *kptr, void *meta) __ksym;
extern int bpf_list_push_front_impl(struct bpf_list_head *head, struct bpf_list_node *node, void *meta,
                                    __u64 off) __ksym;
extern struct bpf_list_node *bpf_list_pop_front(struct bpf_list_head *head) __ksym;
extern int bpf_rbtree_add_impl(struct bpf_rb_root *root, struct bpf_rb_node *node,
                               bool (*less)(struct bpf_rb_node *a, const struct bpf_rb_node *b), void *meta,
                               __u64 off) __ksym;
extern struct bpf_rb_node *bpf_rbtree_first(struct bpf_rb_root *root) __ksym;
extern struct bpf_rb_node *bpf_rbtree_remove(struct bpf_rb_root *root, struct bpf_rb_node *node) __ksym;

#define NEW(type) ((type *)bpf_obj_new_impl(bpf_core_type_id_local(type), NULL))
#define DROP(object) bpf_obj_drop_impl(object, NULL)
#define CONTAINS(name, node) __attribute__((btf_decl_tag("contains:" #name ":" #node)))

struct plain {
  long a;
  int b;
};
struct item {
  struct bpf_list_node list;
  long value;
  struct bpf_refcount ref;
};
struct leaf {
  struct bpf_rb_node tree;
  long key;
};
struct all {
  struct bpf_spin_lock lock;
  struct bpf_list_head items CONTAINS(item, list);
  struct bpf_rb_root leaves CONTAINS(leaf, tree);
};
struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __type(key, int);
  __type(value, struct all);
  __uint(max_entries, 1);
} everything SEC(".maps");

static struct all *shared(void) {
  int zero = 0;
  return bpf_map_lookup_elem(&everything, &zero);
}
static bool less(struct bpf_rb_node *a, const struct bpf_rb_node *b) {
  return container_of(a, struct leaf, tree)->key < container_of(b, struct leaf, tree)->key;
}

// accepted
SEC("iter/task") int new_and_drop(struct bpf_iter__task *ctx) {
  struct plain *p = NEW(struct plain);
  if (!p) return 0;
  p->a = 1;
  p->b = 2;
  DROP(p);
  return 0;
}

// EINVAL: Unreleased reference id= alloc_insn=
SEC("iter/task") int new_and_forget(struct bpf_iter__task *ctx) {
  NEW(struct plain);
  return 0;
}

// EACCES: R invalid mem access 'ptr_or_null_'
SEC("iter/task") int new_is_not_checked(struct bpf_iter__task *ctx) {
  struct plain *p = NEW(struct plain);
  p->a = 1;
  DROP(p);
  return 0;
}

// EACCES: R invalid mem access 'scalar'
SEC("iter/task") int used_after_drop(struct bpf_iter__task *ctx) {
  struct plain *p = NEW(struct plain);
  if (!p) return 0;
  struct plain *q = p;
  DROP(p);
  q->a = 1;
  return 0;
}

// EACCES: direct access to bpf_list_node is disallowed
SEC("iter/task") int node_is_written(struct bpf_iter__task *ctx) {
  struct item *i = NEW(struct item);
  if (!i) return 0;
  *(long *)&i->list = 1;
  DROP(i);
  return 0;
}

// EACCES: access beyond struct plain at off 16 size 8
SEC("iter/task") int behind_the_object(struct bpf_iter__task *ctx) {
  struct plain *p = NEW(struct plain);
  if (!p) return 0;
  *(volatile long *)((char *)p + 16) = 1;
  DROP(p);
  return 0;
}

// EINVAL: arg#0 doesn't point to a type with bpf_refcount field
SEC("iter/task") int acquire_without_count(struct bpf_iter__task *ctx) {
  struct leaf *l = NEW(struct leaf);
  if (!l) return 0;
  struct leaf *second = bpf_refcount_acquire_impl(l, NULL);
  DROP(l);
  if (second) DROP(second);
  return 0;
}

// accepted
SEC("iter/task") int acquire_of_an_owner_never_fails(struct bpf_iter__task *ctx) {
  struct item *i = NEW(struct item);
  if (!i) return 0;
  struct item *second = bpf_refcount_acquire_impl(i, NULL);
  DROP(i);
  second->value = 1;
  DROP(second);
  return 0;
}

// accepted
SEC("iter/task") int push_and_pop(struct bpf_iter__task *ctx) {
  struct all *all = shared();
  struct item *i = NEW(struct item);
  if (!i) return 0;
  if (!all) {
    DROP(i);
    return 0;
  }
  bpf_spin_lock(&all->lock);
  bpf_list_push_front_impl(&all->items, &i->list, NULL, 0);
  struct bpf_list_node *node = bpf_list_pop_front(&all->items);
  bpf_spin_unlock(&all->lock);
  if (node) DROP(container_of(node, struct item, list));
  return 0;
}

// EINVAL: bpf_spin_lock at off=0 must be held for bpf_list_head
SEC("iter/task") int push_without_lock(struct bpf_iter__task *ctx) {
  struct all *all = shared();
  struct item *i = NEW(struct item);
  if (!i) return 0;
  if (!all) {
    DROP(i);
    return 0;
  }
  bpf_list_push_front_impl(&all->items, &i->list, NULL, 0);
  return 0;
}

// EINVAL: function calls are not allowed while holding a lock
SEC("iter/task") int allocates_under_the_lock(struct bpf_iter__task *ctx) {
  struct all *all = shared();
  if (!all) return 0;
  bpf_spin_lock(&all->lock);
  struct item *i = NEW(struct item);
  bpf_spin_unlock(&all->lock);
  if (i) DROP(i);
  return 0;
}

// EINVAL: bpf_rb_node not found at offset=8
SEC("iter/task") int not_the_node(struct bpf_iter__task *ctx) {
  struct all *all = shared();
  struct leaf *l = NEW(struct leaf);
  if (!l) return 0;
  if (!all) {
    DROP(l);
    return 0;
  }
  bpf_spin_lock(&all->lock);
  bpf_rbtree_add_impl(&all->leaves, (void *)((char *)l + 8), less, NULL, 0);
  bpf_spin_unlock(&all->lock);
  return 0;
}

// accepted
SEC("iter/task") int first_is_removed(struct bpf_iter__task *ctx) {
  struct all *all = shared();
  struct leaf *l = NEW(struct leaf);
  if (!l) return 0;
  if (!all) {
    DROP(l);
    return 0;
  }
  bpf_spin_lock(&all->lock);
  bpf_rbtree_add_impl(&all->leaves, &l->tree, less, NULL, 0);
  struct bpf_rb_node *first = bpf_rbtree_first(&all->leaves);
  if (first) first = bpf_rbtree_remove(&all->leaves, first);
  bpf_spin_unlock(&all->lock);
  if (first) DROP(container_of(first, struct leaf, tree));
  return 0;
}

// EINVAL: rbtree_remove node input must be non-owning ref
SEC("iter/task") int removes_what_was_never_added(struct bpf_iter__task *ctx) {
  struct all *all = shared();
  struct leaf *l = NEW(struct leaf);
  if (!l) return 0;
  if (!all) {
    DROP(l);
    return 0;
  }
  bpf_spin_lock(&all->lock);
  bpf_rbtree_remove(&all->leaves, &l->tree);
  bpf_spin_unlock(&all->lock);
  DROP(l);
  return 0;
}

// EACCES: R invalid mem access 'scalar'
SEC("iter/task") int borrowed_beyond_the_lock(struct bpf_iter__task *ctx) {
  struct all *all = shared();
  struct leaf *l = NEW(struct leaf);
  if (!l) return 0;
  if (!all) {
    DROP(l);
    return 0;
  }
  bpf_spin_lock(&all->lock);
  bpf_rbtree_add_impl(&all->leaves, &l->tree, less, NULL, 0);
  bpf_spin_unlock(&all->lock);
  return l->key > 0;
}

// EINVAL: bpf_spin_unlock is missing
SEC("iter/task") int lock_is_kept(struct bpf_iter__task *ctx) {
  struct all *all = shared();
  if (!all) return 0;
  bpf_spin_lock(&all->lock);
  return 0;
}

// EACCES: bpf_spin_lock cannot be accessed directly by load/store
SEC("iter/task") int lock_is_written(struct bpf_iter__task *ctx) {
  struct all *all = shared();
  if (all) *(volatile int *)&all->lock = 1;
  return 0;
}

// EINVAL: same insn cannot be used with different pointers
SEC("iter/task") int one_atomic_for_an_object_and_the_stack(struct bpf_iter__task *ctx) {
  struct plain *made = NEW(struct plain);
  if (!made) return 0;
  long local = 0, *to = &local;
  if (ctx->meta->seq_num > 1) to = &made->a;
  asm volatile("lock *(u64 *)(%[to] + 0) += %[to]" ::[to] "r"(to) : "memory");
  DROP(made);
  return 0;
}

char _license[] SEC("license") = "GPL";
