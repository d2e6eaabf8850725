/* Loops, and what they index. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

extern int bpf_iter_num_new(struct bpf_iter_num *it, int start, int end) __ksym;
extern int *bpf_iter_num_next(struct bpf_iter_num *it) __ksym;
extern void bpf_iter_num_destroy(struct bpf_iter_num *it) __ksym;

static int table[64];
static long total;
static int grid[4][5] = {{1}};
static int rows[4] = {1};

static int add(__u32 i, void *ctx) {
  *(long *)ctx += i;
  return 0;
}
static int stop_at_two(__u32 i, void *ctx) {
  return i == 2 ? 2 : 0;
}

// accepted
SEC("iter/task") int indexed_by_bpf_for(struct bpf_iter__task *ctx) {
  int i, sum = 0;
  bpf_for(i, 0, 64) table[i] = i;
  bpf_for(i, 0, 64) sum += table[i];
  return sum > 100;
}

// accepted
SEC("iter/task") int row_checked_before_the_columns(struct bpf_iter__task *ctx) {
  int row, col;
  bpf_for(row, 0, 4) bpf_for(col, 0, 5) {
    rows[row] += grid[row][col];
    grid[row][col] = 0;
  }
  return 0;
}

// EACCES: R unbounded memory access, make sure to bounds check any such access
SEC("iter/task") int indexed_by_the_raw_number(struct bpf_iter__task *ctx) {
  struct bpf_iter_num it;
  int *i, sum = 0;
  bpf_iter_num_new(&it, 0, 64);
  while ((i = bpf_iter_num_next(&it))) sum += table[*i & 0x7fffffff];
  bpf_iter_num_destroy(&it);
  return sum > 100;
}

// EINVAL: Unreleased reference id= alloc_insn=
SEC("iter/task") int never_destroyed(struct bpf_iter__task *ctx) {
  struct bpf_iter_num it;
  bpf_iter_num_new(&it, 0, 64);
  bpf_iter_num_next(&it);
  return 0;
}

// accepted
SEC("iter/task") int loop_in_a_loop(struct bpf_iter__task *ctx) {
  long sum = 0;
  for (int i = 0; i < 12; i++) bpf_loop(10, add, &sum, 0);
  return sum > 100;
}

// EINVAL: At callback return the register R has smin=2 smax=2 should have been in [0, 1]
SEC("iter/task") int callback_returns_two(struct bpf_iter__task *ctx) {
  bpf_loop(10, stop_at_two, NULL, 0);
  return 0;
}

static long (*const loop_of)(void *rounds, void *callback, void *ctx, __u64 flags) = (void *)181;

// EINVAL: At callback return the register R has smin=2 smax=2 should have been in [0, 1]
SEC("iter/task") int as_often_as_an_address(struct bpf_iter__task *ctx) {
  loop_of(ctx, stop_at_two, NULL, 0);
  return 0;
}

// accepted
SEC("iter/task") int counted_to_a_constant(struct bpf_iter__task *ctx) {
  for (int i = 0; i < 64; i++) total += table[i];
  return 0;
}

// EACCES: R min value is outside of the allowed memory range
SEC("iter/task") int far_too_many(struct bpf_iter__task *ctx) {
  volatile int *t = table;
  for (int i = 0; i <= 80; i++) total += t[i];
  return 0;
}

char _license[] SEC("license") = "GPL";
