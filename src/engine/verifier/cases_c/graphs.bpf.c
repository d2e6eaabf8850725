/* Lists and trees: which lock, which node of which struct, and what a callback of a tree may do. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

extern void *bpf_obj_new_impl(__u64 local_type_id, void *meta) __ksym;
extern void bpf_obj_drop_impl(void *kptr, void *meta) __ksym;
extern void *bpf_percpu_obj_new_impl(__u64 local_type_id, void *meta) __ksym;
extern void bpf_percpu_obj_drop_impl(void *kptr, void *meta) __ksym;
extern int bpf_list_push_front_impl(struct bpf_list_head *head, struct bpf_list_node *node, void *meta,
                                    __u64 off) __ksym;
extern int bpf_rbtree_add_impl(struct bpf_rb_root *root, struct bpf_rb_node *node,
                               bool (*less)(struct bpf_rb_node *a, const struct bpf_rb_node *b), void *meta,
                               __u64 off) __ksym;
extern struct bpf_rb_node *bpf_rbtree_remove(struct bpf_rb_root *root, struct bpf_rb_node *node) __ksym;
extern void bpf_rcu_read_lock(void) __ksym;
extern void bpf_rcu_read_unlock(void) __ksym;

#define NEW(type) ((type *)bpf_obj_new_impl(bpf_core_type_id_local(type), NULL))
#define DROP(object) bpf_obj_drop_impl(object, NULL)
#define CONTAINS(name, node) __attribute__((btf_decl_tag("contains:" #name ":" #node)))

struct item {
  long value;
  struct bpf_list_node list;
  struct bpf_list_node other;
};
struct stranger {
  long value;
  struct bpf_list_node list;
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
  __uint(max_entries, 2);
} everything SEC(".maps");

struct bpf_spin_lock lock SEC(".bss.tree");
struct bpf_rb_root leaves SEC(".bss.tree") CONTAINS(leaf, tree);

static struct all *shared(int which) {
  return bpf_map_lookup_elem(&everything, &which);
}
static bool less(struct bpf_rb_node *a, const struct bpf_rb_node *b) {
  return container_of(a, struct leaf, tree)->key < container_of(b, struct leaf, tree)->key;
}
static bool removes(struct bpf_rb_node *a, const struct bpf_rb_node *b) {
  bpf_rbtree_remove(&leaves, a);
  return false;
}
static bool unlocks(struct bpf_rb_node *a, const struct bpf_rb_node *b) {
  bpf_spin_unlock(&lock);
  return false;
}
static bool reads_in_rcu(struct bpf_rb_node *a, const struct bpf_rb_node *b) {
  bpf_rcu_read_lock();
  bpf_rcu_read_unlock();
  return false;
}

// EINVAL: held lock and object are not in the same allocation
// bpf_spin_lock at off=0 must be held for bpf_list_head
SEC("iter/task") int the_lock_of_another_value(struct bpf_iter__task *ctx) {
  struct all *locked = shared(0), *pushed = shared(1);
  if (!locked || !pushed) return 0;
  struct item *i = NEW(struct item);
  if (!i) return 0;
  bpf_spin_lock(&locked->lock);
  bpf_list_push_front_impl(&pushed->items, &i->list, NULL, 0);
  bpf_spin_unlock(&locked->lock);
  return 0;
}

// EINVAL: function calls are not allowed while holding a lock
SEC("iter/task") int two_locks(struct bpf_iter__task *ctx) {
  struct all *a = shared(0), *b = shared(1);
  if (!a || !b) return 0;
  bpf_spin_lock(&a->lock);
  bpf_spin_lock(&b->lock);
  bpf_spin_unlock(&b->lock);
  bpf_spin_unlock(&a->lock);
  return 0;
}

// EINVAL: arg#1 offset=32, but expected bpf_list_node at offset=8 in struct item
SEC("iter/task") int the_other_node(struct bpf_iter__task *ctx) {
  struct all *all = shared(0);
  if (!all) return 0;
  struct item *i = NEW(struct item);
  if (!i) return 0;
  bpf_spin_lock(&all->lock);
  bpf_list_push_front_impl(&all->items, &i->other, NULL, 0);
  bpf_spin_unlock(&all->lock);
  return 0;
}

// EINVAL: operation on bpf_list_head expects arg#1 bpf_list_node at offset=8 in struct item, but arg is at offset=8 in struct stranger
SEC("iter/task") int a_node_of_another_struct(struct bpf_iter__task *ctx) {
  struct all *all = shared(0);
  if (!all) return 0;
  struct stranger *s = NEW(struct stranger);
  if (!s) return 0;
  bpf_spin_lock(&all->lock);
  bpf_list_push_front_impl(&all->items, &s->list, NULL, 0);
  bpf_spin_unlock(&all->lock);
  return 0;
}

// EINVAL: function calls are not allowed while holding a lock
SEC("iter/task") int a_comparison_locks_rcu(struct bpf_iter__task *ctx) {
  struct all *all = shared(0);
  if (!all) return 0;
  struct leaf *l = NEW(struct leaf);
  if (!l) return 0;
  bpf_rcu_read_lock();
  bpf_spin_lock(&all->lock);
  bpf_rbtree_add_impl(&all->leaves, &l->tree, reads_in_rcu, NULL, 0);
  bpf_spin_unlock(&all->lock);
  bpf_rcu_read_unlock();
  return 0;
}

// EINVAL: rbtree_remove not allowed in rbtree cb
SEC("iter/task") int a_comparison_removes(struct bpf_iter__task *ctx) {
  struct leaf *l = NEW(struct leaf);
  if (!l) return 0;
  bpf_spin_lock(&lock);
  bpf_rbtree_add_impl(&leaves, &l->tree, removes, NULL, 0);
  bpf_spin_unlock(&lock);
  return 0;
}

// EACCES: can't spin_{lock,unlock} in rbtree cb
SEC("iter/task") int a_comparison_unlocks(struct bpf_iter__task *ctx) {
  struct leaf *l = NEW(struct leaf);
  if (!l) return 0;
  bpf_spin_lock(&lock);
  bpf_rbtree_add_impl(&leaves, &l->tree, unlocks, NULL, 0);
  bpf_spin_unlock(&lock);
  return 0;
}

// EINVAL: bpf_percpu_obj_new type ID argument must not contain special fields
SEC("iter/task") int a_node_for_each_processor(struct bpf_iter__task *ctx) {
  void *made = bpf_percpu_obj_new_impl(bpf_core_type_id_local(struct item), NULL);
  if (made) bpf_percpu_obj_drop_impl(made, NULL);
  return 0;
}

char _license[] SEC("license") = "GPL";
