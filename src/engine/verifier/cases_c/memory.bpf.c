/* Dynptrs, their slices, stacks, and other memory that helpers fill. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

extern void *bpf_dynptr_slice(const struct bpf_dynptr *p, __u32 offset, void *buffer__opt,
                              __u32 buffer__szk) __ksym;
extern void *bpf_dynptr_slice_rdwr(const struct bpf_dynptr *p, __u32 offset, void *buffer__opt,
                                   __u32 buffer__szk) __ksym;
extern int bpf_dynptr_adjust(const struct bpf_dynptr *ptr, __u32 start, __u32 end) __ksym;
extern __u32 bpf_dynptr_size(const struct bpf_dynptr *ptr) __ksym;
extern int bpf_dynptr_clone(const struct bpf_dynptr *ptr, struct bpf_dynptr *clone) __ksym;

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __type(key, int);
  __type(value, char[64]);
  __uint(max_entries, 1);
} bytes SEC(".maps");
struct {
  __uint(type, BPF_MAP_TYPE_RINGBUF);
  __uint(max_entries, 4096);
} records SEC(".maps");
struct {
  __uint(type, BPF_MAP_TYPE_STACK_TRACE);
  __uint(key_size, 4);
  __uint(value_size, 8 * 20);
  __uint(max_entries, 8);
} stacks SEC(".maps");
struct {
  __uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
  __uint(key_size, 4);
  __uint(value_size, 4);
} events SEC(".maps");
struct {
  __uint(type, BPF_MAP_TYPE_TASK_STORAGE);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __type(key, int);
  __type(value, long);
} per_task SEC(".maps");

static char *memory(void) {
  int zero = 0;
  return bpf_map_lookup_elem(&bytes, &zero);
}

// accepted
SEC("iter/task") int slice_of_a_value(struct bpf_iter__task *ctx) {
  struct bpf_dynptr ptr;
  char *mem = memory();
  if (!mem) return 0;
  bpf_dynptr_from_mem(mem, 64, 0, &ptr);
  char *slice = bpf_dynptr_slice(&ptr, 8, NULL, 16);
  return slice && slice[15] == 1;
}

// EACCES: R invalid mem access 'mem_or_null'
SEC("iter/task") int slice_is_not_checked(struct bpf_iter__task *ctx) {
  struct bpf_dynptr ptr;
  char *mem = memory();
  if (!mem) return 0;
  bpf_dynptr_from_mem(mem, 64, 0, &ptr);
  char *slice = bpf_dynptr_slice_rdwr(&ptr, 8, NULL, 16);
  return slice[0] == 1;
}

// EACCES: R cannot write into rdonly_mem
SEC("iter/task") int slice_is_read_only(struct bpf_iter__task *ctx) {
  struct bpf_dynptr ptr;
  char *mem = memory();
  if (!mem) return 0;
  bpf_dynptr_from_mem(mem, 64, 0, &ptr);
  char *slice = bpf_dynptr_slice(&ptr, 8, NULL, 16);
  if (slice) slice[0] = 1;
  return 0;
}

// EACCES: R min value is outside of the allowed memory range
SEC("iter/task") int behind_the_slice(struct bpf_iter__task *ctx) {
  struct bpf_dynptr ptr;
  char *mem = memory();
  if (!mem) return 0;
  bpf_dynptr_from_mem(mem, 64, 0, &ptr);
  volatile char *slice = bpf_dynptr_slice(&ptr, 8, NULL, 16);
  return slice && slice[16] == 1;
}

// EINVAL: Expected an initialized dynptr as arg #0
SEC("iter/task") int size_of_nothing(struct bpf_iter__task *ctx) {
  struct bpf_dynptr ptr;
  return bpf_dynptr_size(&ptr) > 1;
}

// accepted
SEC("iter/task") int data_of_a_record(struct bpf_iter__task *ctx) {
  struct bpf_dynptr ptr;
  bpf_ringbuf_reserve_dynptr(&records, 64, 0, &ptr);
  long *data = bpf_dynptr_data(&ptr, 0, 8);
  if (data) *data = 1;
  bpf_ringbuf_submit_dynptr(&ptr, 0);
  return 0;
}

// EACCES: R invalid mem access 'scalar'
SEC("iter/task") int data_of_a_record_that_went(struct bpf_iter__task *ctx) {
  struct bpf_dynptr ptr;
  bpf_ringbuf_reserve_dynptr(&records, 64, 0, &ptr);
  long *data = bpf_dynptr_data(&ptr, 0, 8);
  bpf_ringbuf_submit_dynptr(&ptr, 0);
  if (data) *data = 1;
  return 0;
}

// EINVAL: Unreleased reference id= alloc_insn=
SEC("iter/task") int record_is_kept(struct bpf_iter__task *ctx) {
  struct bpf_dynptr ptr;
  bpf_ringbuf_reserve_dynptr(&records, 64, 0, &ptr);
  return 0;
}

// EINVAL: arg 1 is an unacquired reference
SEC("iter/task") int submitted_twice(struct bpf_iter__task *ctx) {
  struct bpf_dynptr ptr;
  bpf_ringbuf_reserve_dynptr(&records, 64, 0, &ptr);
  bpf_ringbuf_submit_dynptr(&ptr, 0);
  bpf_ringbuf_submit_dynptr(&ptr, 0);
  return 0;
}

// EINVAL: Expected an initialized dynptr as arg #2
SEC("iter/task") int clone_goes_with_its_record(struct bpf_iter__task *ctx) {
  struct bpf_dynptr ptr, clone;
  char first;
  bpf_ringbuf_reserve_dynptr(&records, 64, 0, &ptr);
  bpf_dynptr_clone(&ptr, &clone);
  bpf_ringbuf_discard_dynptr(&ptr, 0);
  bpf_dynptr_read(&first, 1, &clone, 0, 0);
  return 0;
}

// accepted
SEC("iter/task") int stack_of_the_current_task(struct bpf_iter__task *ctx) {
  __u64 ips[8] = {};
  long id = bpf_get_stackid(ctx, &stacks, 0);
  long bytes = bpf_get_stack(ctx, ips, sizeof(ips), 0);
  return id < 0 && bytes > 0;
}

// EINVAL: cannot pass map_type 7 into func bpf_map_lookup_elem#1
SEC("iter/task") int stacks_are_not_looked_up(struct bpf_iter__task *ctx) {
  int key = 0;
  return bpf_map_lookup_elem(&stacks, &key) ? 1 : 0;
}

// accepted
SEC("iter/task") int event_is_put_out(struct bpf_iter__task *ctx) {
  long value = 7;
  bpf_perf_event_output(ctx, &events, BPF_F_CURRENT_CPU, &value, sizeof(value));
  return 0;
}

// EACCES: R type=fp expected=ctx
SEC("iter/task") int event_without_context(struct bpf_iter__task *ctx) {
  long value = 7;
  bpf_perf_event_output(&value, &events, BPF_F_CURRENT_CPU, &value, sizeof(value));
  return 0;
}

// accepted
SEC("iter/task") int storage_of_a_task(struct bpf_iter__task *ctx) {
  struct task_struct *task = ctx->task;
  if (!task) return 0;
  long *value = bpf_task_storage_get(&per_task, task, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
  if (value) *value += 1;
  return 0;
}

// accepted
SEC("iter/task") int storage_of_no_task(struct bpf_iter__task *ctx) {
  bpf_task_storage_delete(&per_task, ctx->task);
  return 0;
}

// EINVAL: program of this type cannot use helper bpf_get_attach_cookie#174
SEC("iter/task") int cookie(struct bpf_iter__task *ctx) {
  return bpf_get_attach_cookie(ctx) > 1;
}

char _license[] SEC("license") = "GPL";
