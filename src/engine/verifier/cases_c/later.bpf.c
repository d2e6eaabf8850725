/* Timers, tail calls, exceptions: code that runs later, instead, or not at all. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

extern void bpf_throw(__u64 cookie) __ksym;
extern void bpf_rcu_read_lock(void) __ksym;
extern void bpf_rcu_read_unlock(void) __ksym;

struct timed {
  long fired;
  struct bpf_timer timer;
};
struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __type(key, int);
  __type(value, struct timed);
  __uint(max_entries, 1);
} timers SEC(".maps");
struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __type(key, int);
  __type(value, long);
  __uint(max_entries, 1);
} numbers SEC(".maps");
struct {
  __uint(type, BPF_MAP_TYPE_PROG_ARRAY);
  __type(key, int);
  __type(value, int);
  __uint(max_entries, 2);
} programs SEC(".maps");
struct {
  __uint(type, BPF_MAP_TYPE_RINGBUF);
  __uint(max_entries, 4096);
} records SEC(".maps");

static struct timed *one(void) {
  int zero = 0;
  return bpf_map_lookup_elem(&timers, &zero);
}
static int fire(void *map, int *key, struct timed *value) {
  value->fired += *key;
  return 0;
}
static int answers_two(void *map, int *key, struct timed *value) {
  return 2;
}
static int answers_one(void *map, int *key, struct timed *value) {
  return 1;
}
static int reaches_too_far(void *map, int *key, struct timed *value) {
  return ((volatile long *)value)[8];
}

// accepted
SEC("iter/task") int timer_is_set(struct bpf_iter__task *ctx) {
  struct timed *timed = one();
  if (!timed) return 0;
  bpf_timer_init(&timed->timer, &timers, 1);
  bpf_timer_set_callback(&timed->timer, fire);
  bpf_timer_start(&timed->timer, 1000, 0);
  return bpf_timer_cancel(&timed->timer) > 0;
}

// EINVAL: timer pointer in R map_uid=0 doesn't match map pointer in R map_uid=0
SEC("iter/task") int timer_of_another_map(struct bpf_iter__task *ctx) {
  struct timed *timed = one();
  if (timed) bpf_timer_init(&timed->timer, &numbers, 1);
  return 0;
}

// EINVAL: off 0 doesn't point to 'struct bpf_timer' that is at 8
SEC("iter/task") int not_the_timer(struct bpf_iter__task *ctx) {
  struct timed *timed = one();
  if (timed) bpf_timer_start((void *)timed, 1000, 0);
  return 0;
}

// EACCES: bpf_timer cannot be accessed directly by load/store
SEC("iter/task") int timer_is_read(struct bpf_iter__task *ctx) {
  struct timed *timed = one();
  return timed && *(volatile int *)&timed->timer ? 1 : 0;
}

// EINVAL: At async callback return the register R has smin=1 smax=1 should have been in [0, 0]
SEC("iter/task") int callback_returns_one(struct bpf_iter__task *ctx) {
  struct timed *timed = one();
  if (timed) bpf_timer_set_callback(&timed->timer, answers_one);
  return 0;
}

// EINVAL: At async callback return the register R has smin=2 smax=2 should have been in [0, 0]
SEC("iter/task") int callback_returns_two(struct bpf_iter__task *ctx) {
  struct timed *timed = one();
  if (timed) bpf_timer_set_callback(&timed->timer, answers_two);
  return 0;
}

// EACCES: R min value is outside of the allowed memory range
SEC("iter/task") int callback_is_verified_too(struct bpf_iter__task *ctx) {
  struct timed *timed = one();
  if (timed) bpf_timer_set_callback(&timed->timer, reaches_too_far);
  return 0;
}

// accepted
SEC("iter/task") int tail_call(struct bpf_iter__task *ctx) {
  bpf_tail_call(ctx, &programs, 1);
  return 0;
}

// EINVAL: cannot pass map_type 2 into func bpf_tail_call#12
SEC("iter/task") int tail_call_of_an_array(struct bpf_iter__task *ctx) {
  bpf_tail_call(ctx, &numbers, 0);
  return 0;
}

// EINVAL: tail_call would lead to reference leak
SEC("iter/task") int tail_call_with_a_record(struct bpf_iter__task *ctx) {
  void *record = bpf_ringbuf_reserve(&records, 8, 0);
  if (!record) return 0;
  bpf_tail_call(ctx, &programs, 0);
  bpf_ringbuf_discard(record, 0);
  return 0;
}

// EINVAL: tail_call cannot be used inside bpf_rcu_read_lock-ed region
SEC("iter/task") int tail_call_under_rcu(struct bpf_iter__task *ctx) {
  bpf_rcu_read_lock();
  bpf_tail_call(ctx, &programs, 0);
  bpf_rcu_read_unlock();
  return 0;
}

// EINVAL: Sleepable programs can only use array, hash, ringbuf and local storage maps
SEC("iter.s/task") int sleepable_tail_call(struct bpf_iter__task *ctx) {
  bpf_tail_call(ctx, &programs, 0);
  return 0;
}

// accepted
SEC("iter/task") int thrown(struct bpf_iter__task *ctx) {
  if (ctx->meta->seq_num > 100) bpf_throw(1);
  return 0;
}

// EINVAL: At program exit the register R has smin=2 smax=2 should have been in [0, 1]
SEC("iter/task") int thrown_with_two(struct bpf_iter__task *ctx) {
  if (ctx->meta->seq_num > 100) bpf_throw(2);
  return 0;
}

// EINVAL: Unreleased reference id= alloc_insn=
SEC("iter/task") int thrown_with_a_record(struct bpf_iter__task *ctx) {
  void *record = bpf_ringbuf_reserve(&records, 8, 0);
  if (!record) return 0;
  bpf_throw(0);
  bpf_ringbuf_discard(record, 0);
  return 0;
}

#define CALLBACK(name) __attribute__((btf_decl_tag("exception_callback:" #name)))
int any_result(__u64 cookie) { return cookie; }
int two_arguments(int a, int b) { return 0; }
int throws_again(__u64 cookie) {
  bpf_throw(cookie);
  return 0;
}
int one_result(int cookie) { return 1; }

// accepted
SEC("iter/task") int caught(struct bpf_iter__task *ctx) CALLBACK(one_result);
int caught(struct bpf_iter__task *ctx) {
  bpf_throw(77);
  return 0;
}

// EINVAL: At program exit the register R has unknown scalar value should have been in [0, 1]
SEC("iter/task") int caught_with_any(struct bpf_iter__task *ctx) CALLBACK(any_result);
int caught_with_any(struct bpf_iter__task *ctx) { return 0; }

// EINVAL: exception cb only supports single integer argument
SEC("iter/task") int caught_by_two(struct bpf_iter__task *ctx) CALLBACK(two_arguments);
int caught_by_two(struct bpf_iter__task *ctx) { return 0; }

// EINVAL: bpf_throw kfunc (insn 2) cannot be called from callback subprog 1
SEC("iter/task") int caught_again(struct bpf_iter__task *ctx) CALLBACK(throws_again);
int caught_again(struct bpf_iter__task *ctx) { return 0; }

char _license[] SEC("license") = "GPL";
