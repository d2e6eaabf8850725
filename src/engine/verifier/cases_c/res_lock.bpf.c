// release 7.0
/* Resilient locks: they may be refused, nest, and are given back the last first. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

extern int bpf_res_spin_lock(struct bpf_res_spin_lock *lock) __ksym;
extern void bpf_res_spin_unlock(struct bpf_res_spin_lock *lock) __ksym;
extern int bpf_res_spin_lock_irqsave(struct bpf_res_spin_lock *lock, unsigned long *flags) __ksym;
extern void bpf_res_spin_unlock_irqrestore(struct bpf_res_spin_lock *lock, unsigned long *flags) __ksym;
extern void bpf_local_irq_save(unsigned long *flags) __ksym;
extern void bpf_local_irq_restore(unsigned long *flags) __ksym;

struct counted {
  long n;
  struct bpf_res_spin_lock lock;
};
struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __type(key, int);
  __type(value, struct counted);
  __uint(max_entries, 2);
} counts SEC(".maps");
struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __type(key, int);
  __type(value, long);
  __uint(max_entries, 1);
} numbers SEC(".maps");

static __always_inline struct counted *at(int index) { return bpf_map_lookup_elem(&counts, &index); }

// accepted
SEC("iter/task") int taken_and_given_back(struct bpf_iter__task *ctx) {
  struct counted *a = at(0);
  if (!a || bpf_res_spin_lock(&a->lock)) return 0;
  a->n++;
  bpf_res_spin_unlock(&a->lock);
  return 0;
}

// EINVAL: bpf_res_spin_unlock without taking a lock
SEC("iter/task") int given_back_though_refused(struct bpf_iter__task *ctx) {
  struct counted *a = at(0);
  if (!a) return 0;
  bpf_res_spin_lock(&a->lock);
  bpf_res_spin_unlock(&a->lock);
  return 0;
}

// EINVAL: BPF_EXIT instruction in main prog cannot be used inside bpf_spin_lock-ed region
SEC("iter/task") int kept(struct bpf_iter__task *ctx) {
  struct counted *a = at(0);
  if (a) bpf_res_spin_lock(&a->lock);
  return 0;
}

// accepted
SEC("iter/task") int two_nest(struct bpf_iter__task *ctx) {
  struct counted *a = at(0), *b = at(1);
  if (!a || !b || bpf_res_spin_lock(&a->lock)) return 0;
  if (!bpf_res_spin_lock(&b->lock)) {
    a->n = b->n;
    bpf_res_spin_unlock(&b->lock);
  }
  bpf_res_spin_unlock(&a->lock);
  return 0;
}

// EINVAL: bpf_res_spin_unlock cannot be out of order
SEC("iter/task") int the_first_first(struct bpf_iter__task *ctx) {
  struct counted *a = at(0), *b = at(1);
  if (!a || !b || bpf_res_spin_lock(&a->lock)) return 0;
  if (!bpf_res_spin_lock(&b->lock)) {
    bpf_res_spin_unlock(&a->lock);
    bpf_res_spin_unlock(&b->lock);
    return 0;
  }
  bpf_res_spin_unlock(&a->lock);
  return 0;
}

// EINVAL: Acquiring the same lock again, AA deadlock detected
SEC("iter/task") int taken_again(struct bpf_iter__task *ctx) {
  struct counted *a = at(0);
  if (!a || bpf_res_spin_lock(&a->lock)) return 0;
  if (!bpf_res_spin_lock(&a->lock)) bpf_res_spin_unlock(&a->lock);
  bpf_res_spin_unlock(&a->lock);
  return 0;
}

// EINVAL: bpf_res_spin_unlock of different lock
SEC("iter/task") int another_given_back(struct bpf_iter__task *ctx) {
  struct counted *a = at(0), *b = at(1);
  if (!a || !b || bpf_res_spin_lock(&a->lock)) return 0;
  bpf_res_spin_unlock(&b->lock);
  return 0;
}

// EINVAL: off 0 doesn't point to 'struct bpf_res_spin_lock' that is at 8
SEC("iter/task") int not_the_lock(struct bpf_iter__task *ctx) {
  struct counted *a = at(0);
  if (a) bpf_res_spin_lock((void *)a);
  return 0;
}

// EINVAL: map 'numbers' has no valid bpf_res_spin_lock
SEC("iter/task") int no_lock_there(struct bpf_iter__task *ctx) {
  int zero = 0;
  void *number = bpf_map_lookup_elem(&numbers, &zero);
  if (number) bpf_res_spin_lock(number);
  return 0;
}

// EINVAL: arg#0 doesn't point to map value or allocated object
SEC("iter/task") int lock_on_the_stack(struct bpf_iter__task *ctx) {
  struct bpf_res_spin_lock lock = {};
  bpf_res_spin_lock(&lock);
  return 0;
}

// EACCES: bpf_res_spin_lock cannot be accessed directly by load/store
SEC("iter/task") int lock_is_read(struct bpf_iter__task *ctx) {
  struct counted *a = at(0);
  return a && *(volatile int *)&a->lock ? 1 : 0;
}

// EINVAL: function calls are not allowed while holding a lock
SEC("iter/task") int helper_under_the_lock(struct bpf_iter__task *ctx) {
  struct counted *a = at(0);
  if (!a || bpf_res_spin_lock(&a->lock)) return 0;
  bpf_ktime_get_ns();
  bpf_res_spin_unlock(&a->lock);
  return 0;
}

// accepted
SEC("iter/task") int with_interrupts_off(struct bpf_iter__task *ctx) {
  struct counted *a = at(0);
  unsigned long flags;
  if (!a || bpf_res_spin_lock_irqsave(&a->lock, &flags)) return 0;
  a->n++;
  bpf_res_spin_unlock_irqrestore(&a->lock, &flags);
  return 0;
}

// EINVAL: bpf_res_spin_unlock of different lock
SEC("iter/task") int interrupts_stay_off(struct bpf_iter__task *ctx) {
  struct counted *a = at(0);
  unsigned long flags;
  if (!a || bpf_res_spin_lock_irqsave(&a->lock, &flags)) return 0;
  bpf_res_spin_unlock(&a->lock);
  return 0;
}

// EINVAL: irq flag acquired by native kfuncs cannot be restored with lock kfuncs
SEC("iter/task") int flags_of_another_kind(struct bpf_iter__task *ctx) {
  struct counted *a = at(0);
  unsigned long own, flags;
  if (!a) return 0;
  bpf_local_irq_save(&own);
  if (!bpf_res_spin_lock_irqsave(&a->lock, &flags)) bpf_res_spin_unlock_irqrestore(&a->lock, &own);
  bpf_local_irq_restore(&own);
  return 0;
}

// EACCES: cannot restore irq state out of order, expected id= acquired at insn_idx=
SEC("iter/task") int flags_out_of_order(struct bpf_iter__task *ctx) {
  struct counted *a = at(0), *b = at(1);
  unsigned long first, second;
  if (!a || !b || bpf_res_spin_lock_irqsave(&a->lock, &first)) return 0;
  if (bpf_res_spin_lock_irqsave(&b->lock, &second)) {
    bpf_res_spin_unlock_irqrestore(&a->lock, &first);
    return 0;
  }
  bpf_res_spin_unlock_irqrestore(&b->lock, &first);
  bpf_res_spin_unlock_irqrestore(&a->lock, &second);
  return 0;
}

char _license[] SEC("license") = "GPL";
