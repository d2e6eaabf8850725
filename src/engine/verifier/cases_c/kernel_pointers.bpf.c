/* Pointers to kernel objects that are kept in maps. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

extern struct task_struct *bpf_task_acquire(struct task_struct *p) __ksym;
extern void bpf_task_release(struct task_struct *p) __ksym;
extern void bpf_rcu_read_lock(void) __ksym;
extern void bpf_rcu_read_unlock(void) __ksym;

struct kept {
  struct task_struct __kptr *task;
  struct task_struct __kptr_untrusted *seen;
};
struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __type(key, int);
  __type(value, struct kept);
  __uint(max_entries, 1);
} keep SEC(".maps");

static struct kept *slot(void) {
  int zero = 0;
  return bpf_map_lookup_elem(&keep, &zero);
}

// accepted
SEC("iter/task") int exchanged(struct bpf_iter__task *ctx) {
  struct kept *kept = slot();
  struct task_struct *now = ctx->task;
  if (!kept || !now) return 0;
  struct task_struct *task = bpf_task_acquire(now);
  if (!task) return 0;
  struct task_struct *old = bpf_kptr_xchg(&kept->task, task);
  if (old) bpf_task_release(old);
  return 0;
}

// EINVAL: Unreleased reference id= alloc_insn=
SEC("iter/task") int old_one_is_lost(struct bpf_iter__task *ctx) {
  struct kept *kept = slot();
  struct task_struct *now = ctx->task;
  if (!kept || !now) return 0;
  struct task_struct *task = bpf_task_acquire(now);
  if (!task) return 0;
  bpf_kptr_xchg(&kept->task, task);
  return 0;
}

// EINVAL: R must be referenced when passed to release function
SEC("iter/task") int not_acquired(struct bpf_iter__task *ctx) {
  struct kept *kept = slot();
  struct task_struct *task = ctx->task;
  if (!kept || !task) return 0;
  struct task_struct *old = bpf_kptr_xchg(&kept->task, task);
  if (old) bpf_task_release(old);
  return 0;
}

// EACCES: Possibly NULL pointer passed to trusted arg0
SEC("iter/task") int loaded_twice_checked_once(struct bpf_iter__task *ctx) {
  if (!ctx->task) return 0;
  struct task_struct *task = bpf_task_acquire(ctx->task);
  if (task) bpf_task_release(task);
  return 0;
}

// EACCES: store to referenced kptr disallowed
SEC("iter/task") int stored_by_hand(struct bpf_iter__task *ctx) {
  struct kept *kept = slot();
  struct task_struct *task = ctx->task;
  if (!kept || !task) return 0;
  *(struct task_struct *volatile *)&kept->task = task;
  return 0;
}

// accepted
SEC("iter/task") int unreferenced_may_be_stored(struct bpf_iter__task *ctx) {
  struct kept *kept = slot();
  struct task_struct *task = ctx->task;
  if (!kept || !task) return 0;
  kept->seen = task;
  return 0;
}

// EACCES: off=8 kptr isn't referenced kptr
SEC("iter/task") int unreferenced_is_not_exchanged(struct bpf_iter__task *ctx) {
  struct kept *kept = slot();
  if (!kept) return 0;
  struct task_struct *old = bpf_kptr_xchg(&kept->seen, NULL);
  if (old) bpf_task_release(old);
  return 0;
}

// EACCES: kptr access size must be BPF_DW
SEC("iter/task") int read_in_part(struct bpf_iter__task *ctx) {
  struct kept *kept = slot();
  return kept && *(volatile int *)&kept->task ? 1 : 0;
}

// accepted
SEC("iter/task") int loaded_and_followed(struct bpf_iter__task *ctx) {
  struct kept *kept = slot();
  if (!kept) return 0;
  struct task_struct *task = kept->task;
  return task && task->pid > 100;
}

// EINVAL: R must be a rcu pointer
SEC("iter/task") int unreferenced_is_not_trusted(struct bpf_iter__task *ctx) {
  struct kept *kept = slot();
  if (!kept) return 0;
  struct task_struct *seen = kept->seen;
  if (!seen) return 0;
  struct task_struct *task = bpf_task_acquire(seen);
  if (task) bpf_task_release(task);
  return 0;
}

char _license[] SEC("license") = "GPL";
