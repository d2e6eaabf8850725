/* Prototypes of subprograms: what a global one may take, and what the log says of others. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";
extern int bpf_dynptr_adjust(const struct bpf_dynptr *p, __u32 start, __u32 end) __ksym;

#define TAG(name) __attribute__((btf_decl_tag("arg:" #name)))

struct unseen;
struct pair {
  long a, b;
};
struct no_such_struct {
  int x;
};
typedef struct {
  int x;
} nameless;
struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 1);
  __type(key, int);
  __type(value, struct pair);
} pairs SEC(".maps");
struct {
  __uint(type, BPF_MAP_TYPE_RINGBUF);
  __uint(max_entries, 4096);
} events SEC(".maps");

__noinline struct task_struct *gives_a_pointer(struct bpf_iter__task *ctx) {
  return (struct task_struct *)bpf_get_prandom_u32();
}
__noinline int of_something_unseen(struct unseen *p) {
  return p ? bpf_get_prandom_u32() & 1 : 0;
}
__noinline int of_an_odd_tag(struct pair *p TAG(odd)) {
  return p ? bpf_get_prandom_u32() & 1 : 0;
}
__noinline int of_too_many_tags(struct pair *p TAG(nonnull) TAG(nullable)) {
  return p ? bpf_get_prandom_u32() & 1 : 0;
}
__noinline int of_a_context_and_more(struct bpf_iter__task *p TAG(ctx) TAG(nonnull)) {
  return p ? bpf_get_prandom_u32() & 1 : 0;
}
__noinline int of_an_arena_and_more(struct pair *p TAG(arena) TAG(nonnull)) {
  return p ? bpf_get_prandom_u32() & 1 : 0;
}
__noinline int of_a_tagged_number(int n TAG(nonnull)) {
  return n + bpf_get_prandom_u32();
}
__noinline int of_a_struct(struct no_such_struct s) {
  return s.x + bpf_get_prandom_u32();
}
__noinline int of_a_type_of_no_kernel(struct no_such_struct *p TAG(trusted)) {
  return p ? bpf_get_prandom_u32() & 1 : 0;
}
__noinline int of_a_type_without_name(nameless *p TAG(trusted)) {
  return p ? bpf_get_prandom_u32() & 1 : 0;
}
__noinline int of_a_number(unsigned long n) {
  return n + bpf_get_prandom_u32();
}
__noinline int of_a_context(struct bpf_iter__task *ctx TAG(ctx)) {
  return ctx ? bpf_get_prandom_u32() & 1 : 0;
}
__noinline int of_another_context(struct pair *ctx TAG(ctx)) {
  return ctx ? bpf_get_prandom_u32() & 1 : 0;
}
__noinline int of_a_pair(struct pair *p TAG(nonnull)) {
  return p->a + bpf_get_prandom_u32();
}
__noinline int of_arena_memory(struct pair *p TAG(arena)) {
  return bpf_get_prandom_u32() & 1;
}
__noinline int of_a_task(struct task_struct *task TAG(trusted)) {
  return task->pid;
}
__noinline int of_a_dynptr(struct bpf_dynptr *p) {
  return bpf_dynptr_adjust(p, 0, 0);
}

// EINVAL: Global function gives_a_pointer() doesn't return scalar. Only those are supported.
// Caller passes invalid args into func#1 ('gives_a_pointer')
SEC("iter/task") int returns_a_pointer(struct bpf_iter__task *ctx) {
  return gives_a_pointer(ctx) == 0;
}

// EINVAL: arg#0 reference type('FWD unseen') size cannot be determined: -22
// Caller passes invalid args into func#1 ('of_something_unseen')
SEC("iter/task") int unseen_type(struct bpf_iter__task *ctx) {
  struct pair p = {};
  return of_something_unseen((void *)&p) == 1;
}

// EOPNOTSUPP: arg#0 has unsupported set of tags
// Caller passes invalid args into func#1 ('of_an_odd_tag')
SEC("iter/task") int odd_tag(struct bpf_iter__task *ctx) {
  struct pair p = {};
  return of_an_odd_tag(&p) == 1;
}

// EINVAL: arg#0 has invalid combination of tags
// Caller passes invalid args into func#1 ('of_too_many_tags')
SEC("iter/task") int many_tags(struct bpf_iter__task *ctx) {
  struct pair p = {};
  return of_too_many_tags(&p) == 1;
}

// EINVAL: arg#0 has invalid combination of tags
// Caller passes invalid args into func#1 ('of_a_context_and_more')
SEC("iter/task") int context_and_more(struct bpf_iter__task *ctx) {
  return of_a_context_and_more(ctx) == 1;
}

// EINVAL: arg#0 arena cannot be combined with any other tags
// Caller passes invalid args into func#1 ('of_an_arena_and_more')
SEC("iter/task") int arena_and_more(struct bpf_iter__task *ctx) {
  struct pair p = {};
  return of_an_arena_and_more(&p) == 1;
}

// EINVAL: arg#0 has pointer tag, but is not a pointer type
// Caller passes invalid args into func#1 ('of_a_tagged_number')
SEC("iter/task") int tagged_number(struct bpf_iter__task *ctx) {
  return of_a_tagged_number(1) == 1;
}

// EINVAL: Arg#0 type STRUCT in of_a_struct() is not supported yet.
// Caller passes invalid args into func#1 ('of_a_struct')
SEC("iter/task") int struct_by_value(struct bpf_iter__task *ctx) {
  struct no_such_struct s = {ctx->meta->seq_num};
  return of_a_struct(s) == 1;
}

// ENOENT: arg#0 reference type('STRUCT no_such_struct') has no matches
// Caller passes invalid args into func#1 ('of_a_type_of_no_kernel')
SEC("iter/task") int type_of_no_kernel(struct bpf_iter__task *ctx) {
  struct no_such_struct s = {};
  return of_a_type_of_no_kernel(&s) == 1;
}

// EINVAL: arg#0 reference type('STRUCT (anon)') candidate matching error: -22
// Caller passes invalid args into func#1 ('of_a_type_without_name')
SEC("iter/task") int type_without_name(struct bpf_iter__task *ctx) {
  nameless s = {};
  return of_a_type_without_name(&s) == 1;
}

// EINVAL: R is not a scalar
// Caller passes invalid args into func#1 ('of_a_number')
SEC("iter/task") int pointer_for_a_number(struct bpf_iter__task *ctx) {
  return of_a_number((unsigned long)ctx) == 1;
}

// EINVAL: arg#0 expects pointer to ctx
// Caller passes invalid args into func#1 ('of_a_context')
SEC("iter/task") int stack_for_a_context(struct bpf_iter__task *ctx) {
  struct pair p = {};
  return of_a_context((void *)&p) == 1;
}

// EINVAL: arg#0 should be void pointer
// Caller passes invalid args into func#1 ('of_another_context')
SEC("iter/task") int context_of_another_type(struct bpf_iter__task *ctx) {
  return of_another_context((void *)ctx) == 1;
}

// EINVAL: arg#0 is expected to be non-NULL
// Caller passes invalid args into func#1 ('of_a_pair')
SEC("iter/task") int unchecked(struct bpf_iter__task *ctx) {
  int zero = 0;
  return of_a_pair(bpf_map_lookup_elem(&pairs, &zero)) == 1;
}

// EINVAL: R is not a pointer to arena or scalar.
// Caller passes invalid args into func#1 ('of_arena_memory')
SEC("iter/task") int no_arena(struct bpf_iter__task *ctx) {
  return of_arena_memory((void *)ctx) == 1;
}

// EACCES: R type=trusted_ptr_or_null_ expected=ptr_, trusted_ptr_, rcu_ptr_
// Caller passes invalid args into func#1 ('of_a_task')
SEC("iter/task") int unchecked_task(struct bpf_iter__task *ctx) {
  return of_a_task(ctx->task) == 1;
}

// EINVAL: Expected an initialized dynptr as arg #0
// Caller passes invalid args into func#1 ('of_a_dynptr')
SEC("iter/task") int no_dynptr(struct bpf_iter__task *ctx) {
  struct bpf_dynptr p;
  return of_a_dynptr(&p) == 1;
}
