// release 7.0
/* Regions with interrupts off, and functions that are called in them. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

extern void bpf_local_irq_save(unsigned long *flags) __ksym;
extern void bpf_local_irq_restore(unsigned long *flags) __ksym;
extern void bpf_rcu_read_lock(void) __ksym;
extern void bpf_rcu_read_unlock(void) __ksym;
extern void bpf_preempt_disable(void) __ksym;
extern void bpf_preempt_enable(void) __ksym;
extern int bpf_iter_kmem_cache_new(struct bpf_iter_kmem_cache *it) __ksym;
extern void bpf_iter_kmem_cache_destroy(struct bpf_iter_kmem_cache *it) __ksym;
extern void bpf_throw(__u64 cookie) __ksym;

__noinline int adds_one(int n) { return n + 1; }
__noinline int copies(int n) {
  long there = 0;
  if (n) bpf_copy_from_user(&there, sizeof(there), 0);
  return there;
}
__noinline int walks_caches(int n) {
  struct bpf_iter_kmem_cache it;
  bpf_iter_kmem_cache_new(&it);
  bpf_iter_kmem_cache_destroy(&it);
  return n;
}
__noinline int asks_another(int n) { return n ? walks_caches(n) : 0; }
static __noinline void begin(unsigned long *flags) { bpf_local_irq_save(flags); }
static __noinline void end(unsigned long *flags) { bpf_local_irq_restore(flags); }
static long one_round(__u64 i, void *ctx) {
  unsigned long flags;
  bpf_local_irq_save(&flags);
  bpf_local_irq_restore(&flags);
  return 0;
}

// accepted
SEC("iter/task") int functions_begin_and_end(struct bpf_iter__task *ctx) {
  unsigned long outer, inner;
  begin(&outer);
  begin(&inner);
  end(&inner);
  end(&outer);
  return 0;
}

// accepted
SEC("iter/task") int a_region_in_each_round(struct bpf_iter__task *ctx) {
  unsigned long flags;
  bpf_local_irq_save(&flags);
  bpf_loop(3, one_round, 0, 0);
  bpf_local_irq_restore(&flags);
  return 0;
}

// accepted
SEC("iter.s/task") int a_global_function_that_does_not_sleep(struct bpf_iter__task *ctx) {
  unsigned long flags;
  bpf_local_irq_save(&flags);
  int n = adds_one(ctx->meta->seq_num);
  bpf_local_irq_restore(&flags);
  return n > 7;
}

// EINVAL: a non-sleepable BPF program context
SEC("iter.s/task") int a_global_function_that_sleeps(struct bpf_iter__task *ctx) {
  unsigned long flags;
  bpf_local_irq_save(&flags);
  int n = copies(ctx->meta->seq_num);
  bpf_local_irq_restore(&flags);
  return n > 7;
}

// EINVAL: a non-sleepable BPF program context
SEC("iter.s/task") int a_global_function_whose_callee_sleeps(struct bpf_iter__task *ctx) {
  unsigned long flags;
  bpf_local_irq_save(&flags);
  int n = asks_another(ctx->meta->seq_num);
  bpf_local_irq_restore(&flags);
  return n > 7;
}

// EINVAL: a non-sleepable BPF program context
SEC("iter.s/task") int a_global_function_that_sleeps_under_rcu(struct bpf_iter__task *ctx) {
  bpf_rcu_read_lock();
  int n = copies(ctx->meta->seq_num);
  bpf_rcu_read_unlock();
  return n > 7;
}

// accepted
SEC("iter/task") int a_global_function_without_preemption(struct bpf_iter__task *ctx) {
  bpf_preempt_disable();
  int n = adds_one(ctx->meta->seq_num);
  bpf_preempt_enable();
  return n > 7;
}

// EINVAL: a non-sleepable BPF program context
SEC("iter/task") int sleeps_in_a_program_that_must_not(struct bpf_iter__task *ctx) {
  return copies(ctx->meta->seq_num) > 7;
}

// accepted
SEC("iter.s/task") int sleeps_after_the_region(struct bpf_iter__task *ctx) {
  unsigned long flags;
  bpf_local_irq_save(&flags);
  bpf_local_irq_restore(&flags);
  return copies(ctx->meta->seq_num) > 7;
}

// EINVAL: bpf_throw cannot be used inside bpf_local_irq_save-ed region
SEC("iter/task") int thrown_with_interrupts_off(struct bpf_iter__task *ctx) {
  unsigned long flags;
  bpf_local_irq_save(&flags);
  if (ctx->meta->seq_num > 100) bpf_throw(1);
  bpf_local_irq_restore(&flags);
  return 0;
}

char _license[] SEC("license") = "GPL";
