/* Messages that no other topic has. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

extern void bpf_rcu_read_lock(void) __ksym;
extern void bpf_rcu_read_unlock(void) __ksym;

struct {
  __uint(type, BPF_MAP_TYPE_LPM_TRIE);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __uint(max_entries, 8);
  __type(key, struct { __u32 length; __u32 address; });
  __type(value, long);
} trie SEC(".maps");
struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 8);
  __type(key, int);
  __type(value, long);
} hash SEC(".maps");

char word[8] = "written";

static long look(struct bpf_map *map, int *key, long *value, void *ctx) {
  return 0;
}
static long renumber(struct bpf_map *map, int *key, long *value, void *ctx) {
  *key = 1;
  return 0;
}

// ENOTSUPP: callback function not allowed for map
SEC("iter/task") int each_of_a_trie(struct bpf_iter__task *ctx) {
  bpf_for_each_map_elem(&trie, look, NULL, 0);
  return 0;
}

// EACCES: write to change key R not allowed
SEC("iter/task") int a_key_is_changed(struct bpf_iter__task *ctx) {
  bpf_for_each_map_elem(&hash, renumber, NULL, 0);
  return 0;
}

// EACCES: R does not point to a readonly map'
SEC("iter/task") int compared_with_what_may_change(struct bpf_iter__task *ctx) {
  char comm[16] = {};
  return bpf_strncmp(comm, sizeof(comm), word) == 0;
}

// EINVAL: sleepable helper bpf_copy_from_user#148 in rcu_read_lock region
SEC("iter.s/task") int sleeps_in_rcu(struct bpf_iter__task *ctx) {
  long value;
  bpf_rcu_read_lock();
  bpf_copy_from_user(&value, sizeof(value), NULL);
  bpf_rcu_read_unlock();
  return 0;
}

// EACCES: R !read_ok
SEC("iter/task") int compared_with_nothing(struct bpf_iter__task *ctx) {
  asm volatile("r2 = 1; *(u64 *)(r10 - 8) = r2; r0 = cmpxchg_64(r10 - 8, r0, r2);" ::: "r0", "r2", "memory");
  return 0;
}

char _license[] SEC("license") = "GPL";
