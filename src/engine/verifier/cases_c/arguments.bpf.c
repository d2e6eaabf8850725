/* What helpers and kernel functions say of an argument that is not what they want. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

extern struct task_struct *bpf_task_acquire(struct task_struct *p) __ksym;
extern struct task_struct *bpf_task_from_pid(s32 pid) __ksym;
extern void bpf_task_release(struct task_struct *p) __ksym;
extern void *bpf_rdonly_cast(const void *obj, __u32 btf_id) __ksym;
extern void bpf_rcu_read_lock(void) __ksym;
extern void bpf_rcu_read_unlock(void) __ksym;
extern void bpf_preempt_disable(void) __ksym;
extern void bpf_preempt_enable(void) __ksym;
extern int bpf_copy_from_user_str(void *dst, __u32 dst__sz, const void *unsafe_ptr__ign, __u64 flags) __ksym;
extern int bpf_iter_num_new(struct bpf_iter_num *it, int start, int end) __ksym;
extern int bpf_iter_css_task_new(struct bpf_iter_css_task *it, struct cgroup_subsys_state *css,
                                 unsigned int flags) __ksym;
extern void bpf_iter_css_task_destroy(struct bpf_iter_css_task *it) __ksym;
extern void *bpf_dynptr_slice(const struct bpf_dynptr *p, __u32 offset, void *buffer__opt,
                              __u32 buffer__szk) __ksym;
extern __u32 bpf_dynptr_size(const struct bpf_dynptr *p) __ksym;

struct holder {
  struct task_struct __kptr *task;
};
struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 1);
  __type(key, int);
  __type(value, struct holder);
} tasks SEC(".maps");
struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 4);
  __type(key, int);
  __type(value, char[64]);
} bytes SEC(".maps");
struct {
  __uint(type, BPF_MAP_TYPE_RINGBUF);
  __uint(max_entries, 4096);
} records SEC(".maps");
struct {
  __uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
  __uint(key_size, 4);
  __uint(value_size, 4);
} events SEC(".maps");

const char words[16] = "one\0two\0three";
const char unended[4] = {'a', 'b', 'c', 'd'};
struct bpf_iter_num elsewhere;

// EACCES: Possibly NULL pointer passed to helper arg2
SEC("iter/task") int exchanged_for_what_may_be_null(struct bpf_iter__task *ctx) {
  int zero = 0;
  struct holder *holder = bpf_map_lookup_elem(&tasks, &zero);
  struct task_struct *task = bpf_task_from_pid(1);
  if (!holder) {
    if (task) bpf_task_release(task);
    return 0;
  }
  task = bpf_kptr_xchg(&holder->task, task);
  if (task) bpf_task_release(task);
  return 0;
}

// EINVAL: R must have zero offset when passed to release func or trusted arg to kfunc
SEC("iter/task") int a_record_is_submitted_from_its_middle(struct bpf_iter__task *ctx) {
  char *record = bpf_ringbuf_reserve(&records, 16, 0);
  if (record) bpf_ringbuf_submit(record + 8, 0);
  return 0;
}

// EACCES: R type=rdonly_buf expected=fp, pkt, pkt_meta, map_key, map_value, mem, ringbuf_mem, buf, trusted_ptr_
SEC("iter/bpf_map_elem") int a_helper_writes_the_key(struct bpf_iter__bpf_map_elem *ctx) {
  void *key = ctx->key;
  if (key) bpf_probe_read_kernel(key, 4, ctx->map);
  return 0;
}

// EACCES: negative offset ctx ptr R off=-8 disallowed
SEC("iter/task") int before_the_context(struct bpf_iter__task *ctx) {
  long zero = 0;
  asm volatile("%0 += -8" : "+r"(ctx));
  bpf_perf_event_output(ctx, &events, 0, &zero, sizeof(zero));
  return 0;
}

// EACCES: dereference of modified ctx ptr R off=8 disallowed
SEC("iter/task") int behind_the_start_of_the_context(struct bpf_iter__task *ctx) {
  long zero = 0;
  asm volatile("%0 += 8" : "+r"(ctx));
  bpf_perf_event_output(ctx, &events, 0, &zero, sizeof(zero));
  return 0;
}

// EACCES: R is not a constant address'
SEC("iter/task") int compared_with_some_word(struct bpf_iter__task *ctx) {
  char comm[16] = {};
  return bpf_strncmp(comm, sizeof(comm), words + (bpf_get_prandom_u32() & 7)) == 0;
}

// EINVAL: string is not zero-terminated
SEC("iter/task") int compared_with_what_does_not_end(struct bpf_iter__task *ctx) {
  char comm[16] = {};
  return bpf_strncmp(comm, sizeof(comm), unended) == 0;
}

// EACCES: bpf_probe_read_kernel() may write into memory pointed by R type=trusted_ptr_
SEC("iter/task") int a_helper_writes_a_struct(struct bpf_iter__task *ctx) {
  bpf_probe_read_kernel(ctx->meta, 4, NULL);
  return 0;
}

// EINVAL: helper call is not allowed in probe
SEC("fentry/vfs_read") int a_path_where_locks_may_be_held(unsigned long long *ctx) {
  char path[64];
  struct file *file = (struct file *)ctx[0];
  bpf_d_path(&file->f_path, path, sizeof(path));
  return 0;
}

// EINVAL: sleepable helper bpf_copy_from_user#148 in non-preemptible region
SEC("iter.s/task") int sleeps_without_preemption(struct bpf_iter__task *ctx) {
  long value;
  bpf_preempt_disable();
  bpf_copy_from_user(&value, sizeof(value), NULL);
  bpf_preempt_enable();
  return 0;
}

// EACCES: kernel func bpf_copy_from_user_str is sleepable within rcu_read_lock region
SEC("iter.s/task") int a_kernel_function_sleeps_in_rcu(struct bpf_iter__task *ctx) {
  char text[16];
  bpf_rcu_read_lock();
  bpf_copy_from_user_str(text, sizeof(text), NULL, 0);
  bpf_rcu_read_unlock();
  return 0;
}

// EACCES: kernel func bpf_copy_from_user_str is sleepable within non-preemptible region
SEC("iter.s/task") int a_kernel_function_sleeps_without_preemption(struct bpf_iter__task *ctx) {
  char text[16];
  bpf_preempt_disable();
  bpf_copy_from_user_str(text, sizeof(text), NULL, 0);
  bpf_preempt_enable();
  return 0;
}

// EINVAL: unmatched attempt to enable preemption (kernel function bpf_preempt_enable)
SEC("iter/task") int preemption_was_never_disabled(struct bpf_iter__task *ctx) {
  bpf_preempt_enable();
  return 0;
}

// EACCES: Unsupported reg type fp for bpf_dynptr_from_mem data
SEC("iter/task") int a_dynptr_of_the_stack(struct bpf_iter__task *ctx) {
  char data[16] = {};
  struct bpf_dynptr ptr;
  bpf_dynptr_from_mem(data, sizeof(data), 0, &ptr);
  return 0;
}

// EINVAL: arg#0 expected pointer to an iterator on stack
SEC("iter/task") int an_iterator_that_is_global(struct bpf_iter__task *ctx) {
  return bpf_iter_num_new(&elsewhere, 0, 1) & 1;
}

// EINVAL: kernel function bpf_task_acquire args#0 expected pointer to STRUCT task_struct but R has a pointer to STRUCT seq_file
SEC("iter/task") int another_struct_is_acquired(struct bpf_iter__task *ctx) {
  struct task_struct *task = bpf_task_acquire((struct task_struct *)ctx->meta->seq);
  if (task) bpf_task_release(task);
  return 0;
}

// EINVAL: css_task_iter is only allowed in bpf_lsm, bpf_iter and sleepable progs
SEC("fentry/vfs_read") int threads_of_a_cgroup_in_a_tracer(unsigned long long *ctx) {
  struct bpf_iter_css_task it;
  bpf_iter_css_task_new(&it, NULL, 0);
  bpf_iter_css_task_destroy(&it);
  return 0;
}

// EINVAL: arg#2 arg#3 memory, len pair leads to invalid memory access
SEC("iter/task") int a_slice_larger_than_its_buffer(struct bpf_iter__task *ctx) {
  char buffer[8];
  struct bpf_dynptr ptr;
  int zero = 0;
  char *data = bpf_map_lookup_elem(&bytes, &zero);
  if (!data) return 0;
  bpf_dynptr_from_mem(data, 64, 0, &ptr);
  bpf_dynptr_slice(&ptr, 0, buffer, 600);
  return 0;
}

// EINVAL: kfunc bpf_rdonly_cast type ID argument must be of a struct
SEC("iter/task") int cast_to_a_number(struct bpf_iter__task *ctx) {
  return *(int *)bpf_rdonly_cast(ctx, bpf_core_type_id_kernel(int)) & 1;
}

// EINVAL: kfunc bpf_rdonly_cast type ID argument must be of a struct
SEC("iter/task") int cast_to_no_type(struct bpf_iter__task *ctx) {
  return *(int *)bpf_rdonly_cast(ctx, 0xffffff) & 1;
}

// EINVAL: arg#0 expected pointer to stack or const struct bpf_dynptr
SEC("iter/task") int the_size_of_a_value(struct bpf_iter__task *ctx) {
  int zero = 0;
  char *data = bpf_map_lookup_elem(&bytes, &zero);
  return data ? bpf_dynptr_size((struct bpf_dynptr *)data) & 1 : 0;
}

// EINVAL: cannot pass in dynptr at an offset=-12
// arg 1 is an unacquired reference
SEC("iter/task") int a_dynptr_from_its_middle(struct bpf_iter__task *ctx) {
  struct bpf_dynptr ptr;
  asm volatile("" : "=m"(ptr));
  bpf_ringbuf_reserve_dynptr(&records, 8, 0, &ptr);
  bpf_ringbuf_submit_dynptr((struct bpf_dynptr *)((char *)&ptr + 4), 0);
  return 0;
}

// EINVAL: cannot overwrite referenced dynptr
SEC("iter/task") int a_dynptr_is_written_over(struct bpf_iter__task *ctx) {
  struct bpf_dynptr ptr;
  bpf_ringbuf_reserve_dynptr(&records, 8, 0, &ptr);
  *(volatile long *)&ptr = 0;
  bpf_ringbuf_submit_dynptr(&ptr, 0);
  return 0;
}

// EINVAL: arg 1 is an unacquired reference
SEC("iter/task") int a_dynptr_of_a_value_is_submitted(struct bpf_iter__task *ctx) {
  struct bpf_dynptr ptr;
  int zero = 0;
  char *data = bpf_map_lookup_elem(&bytes, &zero);
  if (!data) return 0;
  bpf_dynptr_from_mem(data, 64, 0, &ptr);
  bpf_ringbuf_submit_dynptr(&ptr, 0);
  return 0;
}

// EACCES: potential write to dynptr at off=-16 disallowed
SEC("iter/task") int a_helper_writes_over_a_dynptr(struct bpf_iter__task *ctx) {
  asm volatile(
      "r1 = %[records] ll; r2 = 8; r3 = 0; r4 = r10; r4 += -16; call %[reserve];"
      "r1 = r10; r1 += -16; r2 = 16; r3 = 0; call %[read];"
      "r1 = r10; r1 += -16; r2 = 0; call %[submit];"
      :
      : [records] "i"(&records), [reserve] "i"(bpf_ringbuf_reserve_dynptr),
        [read] "i"(bpf_probe_read_kernel), [submit] "i"(bpf_ringbuf_submit_dynptr)
      : "r0", "r1", "r2", "r3", "r4", "r5", "memory");
  return 0;
}

// EINVAL: dynptr has to be at a constant offset
// Dynptr has to be an uninitialized dynptr
SEC("iter/task") int a_dynptr_somewhere(struct bpf_iter__task *ctx) {
  asm volatile(
      "call %[random]; r0 &= 8; r4 = r10; r4 += -32; r4 += r0; r1 = %[records] ll; r2 = 8; r3 = 0;"
      "call %[reserve];"
      :
      : [records] "i"(&records), [reserve] "i"(bpf_ringbuf_reserve_dynptr), [random] "i"(bpf_get_prandom_u32)
      : "r0", "r1", "r2", "r3", "r4", "r5", "memory");
  return 0;
}

// EACCES: func 'bpf_iter_task' offset 4 is not multiple of 8
// invalid bpf_context access off=4 size=4
SEC("iter/task") int half_a_slot_of_the_context(struct bpf_iter__task *ctx) {
  asm volatile("r2 = *(u32 *)(r1 + 4)" ::: "r2");
  return 0;
}

// EACCES: func 'bpf_iter_task' size 4 must be 8
// invalid bpf_context access off=8 size=4
SEC("iter/task") int half_a_pointer_of_the_context(struct bpf_iter__task *ctx) {
  asm volatile("r2 = *(u32 *)(r1 + 8)" ::: "r2");
  return 0;
}

// EACCES: cannot access ptr member seq with moff 0 in struct (anon) with off 0 size 4
SEC("iter/task") int half_a_pointer_of_a_struct(struct bpf_iter__task *ctx) {
  return *(int *)&ctx->meta->seq & 1;
}

// EACCES: access beyond the end of member session_id (mend:16) in struct bpf_iter_meta with off 12 size 8
SEC("iter/task") int across_two_members(struct bpf_iter__task *ctx) {
  return *(long *)((char *)ctx->meta + 12) & 1;
}

// EACCES: access beyond struct bpf_iter_meta at off 24 size 8
SEC("iter/task") int behind_a_struct(struct bpf_iter__task *ctx) {
  return ((long *)ctx->meta)[3] & 1;
}

char _license[] SEC("license") = "GPL";
