/* Special fields of map values and objects: pointers, timers, work queues, locks, pointed at wrongly. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

extern void *bpf_obj_new_impl(__u64 local_type_id, void *meta) __ksym;
extern void bpf_obj_drop_impl(void *kptr, void *meta) __ksym;
extern void *bpf_percpu_obj_new_impl(__u64 local_type_id, void *meta) __ksym;
extern void bpf_percpu_obj_drop_impl(void *kptr, void *meta) __ksym;
extern void *bpf_refcount_acquire_impl(void *kptr, void *meta) __ksym;
extern int bpf_list_push_front_impl(struct bpf_list_head *head, struct bpf_list_node *node, void *meta,
                                    __u64 off) __ksym;
extern int bpf_wq_init(struct bpf_wq *wq, void *p__map, unsigned int flags) __ksym;
extern int bpf_wq_set_callback_impl(struct bpf_wq *wq, int (*callback_fn)(void *, int *, void *),
                                    unsigned int flags, void *aux__ign) __ksym;
extern struct task_struct *bpf_task_acquire(struct task_struct *p) __ksym;
extern void bpf_task_release(struct task_struct *p) __ksym;
extern void bpf_rcu_read_lock(void) __ksym;
extern void bpf_rcu_read_unlock(void) __ksym;

char LICENSE[] SEC("license") = "GPL";

struct held {
  long n;
  struct task_struct __kptr_untrusted *seen;
  struct task_struct __kptr *task;
  long m;
};
struct timed {
  long n;
  struct bpf_timer timer;
};
struct worked {
  long n;
  struct bpf_wq wq;
};
struct plain {
  long a, b;
};
struct word {
  char letters[16];
};
struct large {
  char letters[600];
};
struct pointing {
  char *letters;
};
struct inner {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 1);
  __type(key, int);
  __type(value, struct timed);
} one_timed SEC(".maps"), other_timed SEC(".maps");
struct {
  __uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
  __uint(max_entries, 2);
  __uint(key_size, 4);
  __array(values, struct inner);
} nested SEC(".maps") = {.values = {&one_timed, &other_timed}};
struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 1);
  __type(key, int);
  __type(value, struct held);
} helds SEC(".maps");
struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 1);
  __type(key, int);
  __type(value, struct worked);
} works SEC(".maps");
struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 1);
  __type(key, int);
  __type(value, struct plain);
} plains SEC(".maps");

static struct held *a_held(void) {
  int zero = 0;
  return bpf_map_lookup_elem(&helds, &zero);
}
static struct plain *a_plain(void) {
  int zero = 0;
  return bpf_map_lookup_elem(&plains, &zero);
}
static struct worked *a_work(void) {
  int zero = 0;
  return bpf_map_lookup_elem(&works, &zero);
}
static int later(void *map, int *key, void *value) {
  return 0;
}

// EACCES: kptr cannot be accessed indirectly by helper
SEC("iter/task") int printed_whole(struct bpf_iter__task *ctx) {
  struct held *v = a_held();
  if (v) bpf_seq_write(ctx->meta->seq, v, sizeof(*v));
  return 0;
}

// EACCES: kptr access cannot have variable offset
SEC("iter/task") int somewhere(struct bpf_iter__task *ctx) {
  struct held *v = a_held();
  if (!v) return 0;
  __u32 at = bpf_get_prandom_u32() & 3;
  return ((volatile long *)v)[at] == 1;
}

// EACCES: kptr access misaligned expected=8 off=12
SEC("iter/task") int half(struct bpf_iter__task *ctx) {
  struct held *v = a_held();
  return v && ((volatile int *)v)[3] == 1;
}

// EACCES: kptr access size must be BPF_DW
SEC("iter/task") int first_half(struct bpf_iter__task *ctx) {
  struct held *v = a_held();
  return v && ((volatile int *)v)[2] == 1;
}

// EACCES: BPF_ST imm must be 0 when storing to kptr at off=8
SEC("iter/task") int a_number_stored(struct bpf_iter__task *ctx) {
  struct held *v = a_held();
  if (v) asm volatile("*(u64 *)(%[v] + 8) = 1" ::[v] "r"(v) : "memory");
  return 0;
}

// EACCES: kptr in map can only be accessed using BPF_MEM instruction mode
SEC("iter/task") int added_to(struct bpf_iter__task *ctx) {
  struct held *v = a_held();
  if (v) __sync_fetch_and_add((long *)&v->seen, 1);
  return 0;
}

// EACCES: invalid kptr access, R type=scalar expected=ptr_task_struct or untrusted_ptr_task_struct
SEC("iter/task") int an_unknown_number_stored(struct bpf_iter__task *ctx) {
  struct held *v = a_held();
  if (v) *(volatile __u64 *)&v->seen = ctx->meta->seq_num;
  return 0;
}

// EACCES: invalid kptr access, R type=trusted_ptr_bpf_iter_meta expected=ptr_task_struct or untrusted_ptr_task_struct
SEC("iter/task") int another_struct_stored(struct bpf_iter__task *ctx) {
  struct held *v = a_held();
  if (v) *(void *volatile *)&v->seen = ctx->meta;
  return 0;
}

// EINVAL: R has no valid kptr
SEC("iter/task") int exchanged_in_plain_memory(struct bpf_iter__task *ctx) {
  struct plain *v = a_plain();
  if (v) bpf_kptr_xchg(&v->a, NULL);
  return 0;
}

// EACCES: off=0 doesn't point to kptr
SEC("iter/task") int exchanged_beside(struct bpf_iter__task *ctx) {
  struct held *v = a_held();
  if (v) bpf_kptr_xchg(&v->n, NULL);
  return 0;
}

// EACCES: off=8 kptr isn't referenced kptr
SEC("iter/task") int exchanged_where_none_is_held(struct bpf_iter__task *ctx) {
  struct held *v = a_held();
  if (v) bpf_kptr_xchg(&v->seen, NULL);
  return 0;
}

// EINVAL: R doesn't have constant offset. kptr has to be at the constant offset
SEC("iter/task") int exchanged_somewhere(struct bpf_iter__task *ctx) {
  struct held *v = a_held();
  if (v) bpf_kptr_xchg((void *)v + (bpf_get_prandom_u32() & 8), NULL);
  return 0;
}

// EINVAL: map 'plains' has no valid bpf_timer
SEC("iter/task") int no_timer(struct bpf_iter__task *ctx) {
  struct plain *v = a_plain();
  if (v) bpf_timer_start((struct bpf_timer *)v, 0, 0);
  return 0;
}

// EINVAL: R doesn't have constant offset. bpf_timer has to be at the constant offset
SEC("iter/task") int a_timer_somewhere(struct bpf_iter__task *ctx) {
  struct plain *v = a_plain();
  if (v) bpf_timer_start((void *)v + (bpf_get_prandom_u32() & 8), 0, 0);
  return 0;
}

// EINVAL: off 0 doesn't point to 'struct bpf_timer' that is at 8
SEC("iter/task") int beside_the_timer(struct bpf_iter__task *ctx) {
  int zero = 0;
  struct timed *v = bpf_map_lookup_elem(&one_timed, &zero);
  if (v) bpf_timer_start((void *)v, 0, 0);
  return 0;
}

// EINVAL: timer pointer in R map_uid=2 doesn't match map pointer in R map_uid=1
SEC("iter/task") int a_timer_of_another_map(struct bpf_iter__task *ctx) {
  int zero = 0, one = 1;
  void *a = bpf_map_lookup_elem(&nested, &zero);
  if (!a) return 0;
  void *b = bpf_map_lookup_elem(&nested, &one);
  if (!b) return 0;
  struct timed *v = bpf_map_lookup_elem(b, &zero);
  if (v) bpf_timer_init(&v->timer, a, 0);
  return 0;
}

// EINVAL: off 0 doesn't point to 'struct bpf_wq' that is at 8
SEC("iter/task") int beside_the_work(struct bpf_iter__task *ctx) {
  struct worked *v = a_work();
  if (v) bpf_wq_init((void *)v, &works, 0);
  return 0;
}

// EINVAL: arg#0 doesn't point to a map value
SEC("iter/task") int no_work(struct bpf_iter__task *ctx) {
  long n = 0;
  bpf_wq_init((void *)&n, &works, 0);
  return 0;
}

// EINVAL: arg1 expected pointer to func
SEC("iter/task") int no_function(struct bpf_iter__task *ctx) {
  struct worked *v = a_work();
  if (v) bpf_wq_set_callback_impl(&v->wq, (void *)v, 0, NULL);
  return 0;
}

// EINVAL: pointer in R isn't map pointer
SEC("iter/task") int no_map(struct bpf_iter__task *ctx) {
  struct worked *v = a_work();
  if (v) bpf_wq_init(&v->wq, &(long){0}, 0);
  return 0;
}

// EINVAL: arg#0 expected pointer to allocated object
SEC("iter/task") int meta_dropped(struct bpf_iter__task *ctx) {
  bpf_obj_drop_impl(ctx->meta, NULL);
  return 0;
}

// EINVAL: arg#0 expected for bpf_percpu_obj_drop_impl()
SEC("iter/task") int an_object_of_each_cpu_dropped(struct bpf_iter__task *ctx) {
  void *p = bpf_percpu_obj_new_impl(bpf_core_type_id_local(struct word), NULL);
  if (p) bpf_obj_drop_impl(p, NULL);
  return 0;
}

// EINVAL: arg#0 expected for bpf_obj_drop_impl()
SEC("iter/task") int an_object_dropped_of_each_cpu(struct bpf_iter__task *ctx) {
  void *p = bpf_obj_new_impl(bpf_core_type_id_local(struct word), NULL);
  if (p) bpf_percpu_obj_drop_impl(p, NULL);
  return 0;
}

// EINVAL: arg#0 is neither owning or non-owning ref
SEC("iter/task") int a_value_counted(struct bpf_iter__task *ctx) {
  struct plain *v = a_plain();
  if (v) bpf_refcount_acquire_impl(v, NULL);
  return 0;
}

// EINVAL: bpf_percpu_obj_new type size (600) is greater than 512
SEC("iter/task") int too_large_for_each_cpu(struct bpf_iter__task *ctx) {
  void *p = bpf_percpu_obj_new_impl(bpf_core_type_id_local(struct large), NULL);
  if (p) bpf_percpu_obj_drop_impl(p, NULL);
  return 0;
}

// EINVAL: bpf_percpu_obj_new type ID argument must be of a struct of scalars
SEC("iter/task") int a_pointer_for_each_cpu(struct bpf_iter__task *ctx) {
  void *p = bpf_percpu_obj_new_impl(bpf_core_type_id_local(struct pointing), NULL);
  if (p) bpf_percpu_obj_drop_impl(p, NULL);
  return 0;
}

// EINVAL: bpf_obj_new/bpf_percpu_obj_new type ID argument must be of a struct
SEC("iter/task") int a_new_number(struct bpf_iter__task *ctx) {
  void *p = bpf_obj_new_impl(bpf_core_type_id_local(long), NULL);
  if (p) bpf_obj_drop_impl(p, NULL);
  return 0;
}

// EINVAL: local type ID argument must be in range [0, U32_MAX]
SEC("iter/task") int a_new_one_of_a_large_number(struct bpf_iter__task *ctx) {
  void *p = bpf_obj_new_impl(1ull << 32, NULL);
  if (p) bpf_obj_drop_impl(p, NULL);
  return 0;
}

// EINVAL: R must be a known constant
SEC("iter/task") int a_new_one_of_an_unknown_number(struct bpf_iter__task *ctx) {
  void *p = bpf_obj_new_impl(ctx->meta->seq_num, NULL);
  if (p) bpf_obj_drop_impl(p, NULL);
  return 0;
}

// EINVAL: local 'kptr' has no valid bpf_spin_lock
SEC("iter/task") int no_lock_in_an_object(struct bpf_iter__task *ctx) {
  void *p = bpf_obj_new_impl(bpf_core_type_id_local(struct plain), NULL);
  if (!p) return 0;
  bpf_spin_lock(p);
  bpf_spin_unlock(p);
  bpf_obj_drop_impl(p, NULL);
  return 0;
}

// EINVAL: map 'plains' has no valid bpf_spin_lock
SEC("iter/task") int no_lock_in_a_value(struct bpf_iter__task *ctx) {
  struct plain *v = a_plain();
  if (v) bpf_spin_lock((void *)v);
  return 0;
}

// EINVAL: arg#0 expected pointer to map value or allocated object
SEC("iter/task") int no_list(struct bpf_iter__task *ctx) {
  struct bpf_list_head head = {};
  void *p = bpf_obj_new_impl(bpf_core_type_id_local(struct plain), NULL);
  if (!p) return 0;
  bpf_list_push_front_impl(&head, p, NULL, 0);
  return 0;
}
