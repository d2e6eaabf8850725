/* What is said of a program as a whole: its functions, its stack, its license, its kind. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

extern struct task_struct *bpf_task_from_pid(s32 pid) __ksym;
extern void bpf_task_release(struct task_struct *p) __ksym;

struct locked {
  struct bpf_spin_lock lock;
  long value;
};
struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 1);
  __type(key, int);
  __type(value, struct locked);
} locked SEC(".maps");
struct timed {
  struct bpf_timer timer;
};
struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 1);
  __type(key, int);
  __type(value, struct timed);
} timed SEC(".maps");
struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 8);
  __type(key, int);
  __type(value, long);
} hash SEC(".maps");
struct {
  __uint(type, BPF_MAP_TYPE_PROG_ARRAY);
  __uint(max_entries, 1);
  __uint(key_size, 4);
  __uint(value_size, 4);
} programs SEC(".maps");

static long behind_the_key(struct bpf_map *map, int *key, long *value, void *ctx) {
  return key[1] & 1;
}
static __noinline int calls_another(void *ctx) {
  bpf_tail_call(ctx, &programs, 0);
  return 0;
}

// EACCES: invalid access to map key, key_size=4 off=4 size=4
// R min value is outside of the allowed memory range
SEC("iter/task") int behind_a_key(struct bpf_iter__task *ctx) {
  bpf_for_each_map_elem(&hash, behind_the_key, NULL, 0);
  return 0;
}

// EACCES: tail_calls are not allowed when call stack of previous frames is 256 bytes. Too large
SEC("iter/task") int a_tail_call_on_a_high_stack(struct bpf_iter__task *ctx) {
  volatile char much[250];
  much[0] = 1;
  return (calls_another(ctx) + much[0]) & 1;
}

// EINVAL: tracing progs cannot use bpf_spin_lock yet
SEC("kprobe/vfs_read") int a_lock_in_a_probe(void *ctx) {
  int zero = 0;
  return bpf_map_lookup_elem(&locked, &zero) != NULL;
}

// EINVAL: tracing progs cannot use bpf_timer yet
SEC("kprobe/vfs_read") int a_timer_in_a_probe(void *ctx) {
  int zero = 0;
  return bpf_map_lookup_elem(&timed, &zero) != NULL;
}

// EINVAL: socket filter progs cannot use bpf_spin_lock yet
SEC("socket") int a_lock_in_a_filter(struct __sk_buff *skb) {
  int zero = 0;
  return bpf_map_lookup_elem(&locked, &zero) != NULL;
}

char _license[] SEC("license") = "GPL";
