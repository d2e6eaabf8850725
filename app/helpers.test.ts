/** Helpers and maps as C programs use them: compiled, verified, attached and read. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';

import { iterscope } from './cli/testing.ts';

const dir = mkdtempSync(join(tmpdir(), 'iterscope-'));
let files = 0;
/** Runs the program `dump`. */
function run(body: string, ...options: readonly string[]) {
  const path = join(dir, `p${files++}.bpf.c`);
  const top =
    '#include "vmlinux.h"\n#include <bpf/bpf_helpers.h>\n#include <bpf/bpf_core_read.h>\nchar LICENSE[] SEC("license") = "GPL";\n';
  writeFileSync(path, `${top}${body}\n`);
  return iterscope('run', path, '--prog', 'dump', ...options);
}
/** Runs once, at the end of a walk of maps. */
const once = (statements: string, declarations = '', ...options: readonly string[]): string => {
  const { stdout, stderr } = run(
    `${declarations}
SEC("iter/bpf_map") int dump(struct bpf_iter__bpf_map *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	if (ctx->map) return 0;
	${statements}
	return 0;
}`,
    ...options,
  );
  return stdout || stderr;
};
const lines = (text: string): string[] => text.trimEnd().split('\n');

test('programs call each other through an array that the source fills', () => {
  const { stdout } = run(
    `int odd(struct bpf_iter__task *ctx);
int even(struct bpf_iter__task *ctx);
struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY); __uint(max_entries, 4); __uint(key_size, 4);
	__array(values, int (struct bpf_iter__task *));
} jumps SEC(".maps") = { .values = { [0] = (void *)&even, [1] = (void *)&odd } };
SEC("iter/task") int odd(struct bpf_iter__task *ctx) { BPF_SEQ_PRINTF(ctx->meta->seq, "odd\\n"); return 0; }
SEC("iter/task") int even(struct bpf_iter__task *ctx) { BPF_SEQ_PRINTF(ctx->meta->seq, "even\\n"); return 0; }
SEC("iter/task") int dump(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	if (!task || task->pid > 4) return 0;
	BPF_SEQ_PRINTF(ctx->meta->seq, "%d ", task->pid);
	bpf_tail_call(ctx, &jumps, (unsigned)task->pid % 3);
	BPF_SEQ_PRINTF(ctx->meta->seq, "neither\\n");
	return 0;
}`,
  );
  expect(lines(stdout)).toEqual(['1 odd', '2 neither', '3 even', '4 odd']);
});

test('a value on a task is there in the next walk until it is deleted', () => {
  const { stdout } = run(
    `struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE); __uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int); __type(value, long);
} walks SEC(".maps");
SEC("iter/task") int dump(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	if (!task || task->pid > 2) return 0;
	long *count = bpf_task_storage_get(&walks, task, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (count) BPF_SEQ_PRINTF(ctx->meta->seq, "%d:%ld\\n", task->pid, ++*count);
	if (task->pid == 2) bpf_task_storage_delete(&walks, task);
	return 0;
}`,
    '--sessions',
    '2',
  );
  expect(lines(stdout)).toEqual(['1:1', '2:1', '1:2', '2:1']);
});

test('the configuration of the kernel, and what a world says otherwise', () => {
  const declarations = `extern unsigned CONFIG_HZ __kconfig;
extern bool CONFIG_IPV6_SUBTREES __kconfig __weak;
extern enum libbpf_tristate CONFIG_INET_DIAG __kconfig;
extern char CONFIG_DEFAULT_TCP_CONG[8] __kconfig;
extern unsigned CONFIG_NO_SUCH __kconfig __weak;`;
  const print = `BPF_SEQ_PRINTF(seq, "%d %d %d %s %d\\n", CONFIG_HZ, CONFIG_IPV6_SUBTREES, CONFIG_INET_DIAG, CONFIG_DEFAULT_TCP_CONG, CONFIG_NO_SUCH);`;
  expect(once(print, declarations)).toBe('250 1 2 cubic 0\n');
  const world = join(dir, 'world.json');
  writeFileSync(
    world,
    JSON.stringify({
      config: { CONFIG_HZ: '1000', CONFIG_INET_DIAG: 'n', CONFIG_IPV6_SUBTREES: 'n' },
      processes: [{ pid: 1, comm: 'init' }],
    }),
  );
  expect(
    once(print, declarations.replace('INET_DIAG __kconfig', 'INET_DIAG __kconfig __weak'), '--world', world),
  ).toBe('1000 0 0 cubic 0\n');
  expect(once(print, declarations.replaceAll(' __weak', ''))).toContain(
    "libbpf: extern 'CONFIG_NO_SUCH' (strong): not resolved",
  );
});

test('memory of the user: arguments, environment, zeros elsewhere, a fault where nothing is', () => {
  const world = join(dir, 'user.json');
  const argv = ['/usr/bin/cat', '-n', 'notes.txt'];
  const processes = [
    { pid: 1, comm: 'init', exe: '/sbin/init' },
    { pid: 7, comm: 'cat', ppid: 1, exe: '/usr/bin/cat', argv, env: ['HOME=/root', 'LANG=C'] },
    { pid: 2, comm: 'kthreadd', kthread: true },
  ];
  writeFileSync(world, JSON.stringify({ processes, reader: 7 }));
  const { stdout, stderr } = run(
    `SEC("iter.s/task") int dump(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct seq_file *seq = ctx->meta->seq;
	char text[32] = "", env[11] = "";
	long zero = 1, gone = 1;
	if (!task) return 0;
	struct mm_struct *mm = task->mm;
	unsigned long args = mm ? mm->arg_start : 0, envs = mm ? mm->env_start : 0, heap = mm ? mm->start_brk : 0;
	long r = bpf_copy_from_user_task(text, 16, (void *)args, task, 0);
	BPF_SEQ_PRINTF(seq, "%d %ld %s %s", task->pid, r, text, text + 13);
	r = bpf_copy_from_user_task(env, 10, (void *)envs, task, 0);
	BPF_SEQ_PRINTF(seq, " %ld %s", r, env);
	r = bpf_copy_from_user_task(&zero, 8, (void *)heap, task, 0);
	BPF_SEQ_PRINTF(seq, " %ld %ld", r, zero);
	r = bpf_copy_from_user_task(&gone, 8, (void *)8, task, 0);
	BPF_SEQ_PRINTF(seq, " %ld %ld", r, gone);
	r = bpf_copy_from_user(text, 4, (void *)args);
	BPF_SEQ_PRINTF(seq, " %ld\\n", r);
	return 0;
}
SEC("iter/task") int strings(struct bpf_iter__task *ctx) { return 0; }`,
    '--world',
    world,
  );
  expect(stderr).toBe('');
  expect(lines(stdout)).toEqual([
    '1 0 /sbin/init  0  0 0 -14 0 0',
    '2 -14   -14  -14 0 -14 0 -14',
    '7 0 /usr/bin/cat -n 0 HOME=/root 0 0 -14 0 0',
  ]);
});

test('strings of the current task are cut and end with a NUL', () => {
  const world = join(dir, 'user.json');
  const text = once(
    `struct task_struct *self = (void *)bpf_get_current_task();
	struct mm_struct *mm;
	void *args;
	char cut[8] = "";
	bpf_probe_read_kernel(&mm, 8, &self->mm);
	bpf_probe_read_kernel(&args, 8, &mm->arg_start);
	long r = bpf_probe_read_user_str(cut, 8, args);
	BPF_SEQ_PRINTF(seq, "%ld %s ", r, cut);
	r = bpf_probe_read_user_str(cut, 8, args + 13);
	BPF_SEQ_PRINTF(seq, "%ld %s %s", r, cut, args);
	r = bpf_probe_read_user_str(cut, 8, 0);
	BPF_SEQ_PRINTF(seq, " %ld %d\\n", r, cut[0]);`,
    '',
    '--world',
    world,
  );
  expect(text).toBe('8 /usr/bi 3 -n /usr/bin/cat -14 0\n');
});

const GRAPH = `#define __contains(name, node) __attribute__((btf_decl_tag("contains:" #name ":" #node)))
#define private(name) SEC(".data." #name) __attribute__((aligned(8)))
extern void *bpf_obj_new_impl(__u64 local_type_id, void *meta) __ksym;
extern void bpf_obj_drop_impl(void *kptr, void *meta) __ksym;
extern int bpf_list_push_back_impl(struct bpf_list_head *head, struct bpf_list_node *node, void *meta, __u64 off) __ksym;
extern struct bpf_list_node *bpf_list_pop_front(struct bpf_list_head *head) __ksym;
extern int bpf_rbtree_add_impl(struct bpf_rb_root *root, struct bpf_rb_node *node, bool (less)(struct bpf_rb_node *a, const struct bpf_rb_node *b), void *meta, __u64 off) __ksym;
extern struct bpf_rb_node *bpf_rbtree_remove(struct bpf_rb_root *root, struct bpf_rb_node *node) __ksym;
extern struct bpf_rb_node *bpf_rbtree_first(struct bpf_rb_root *root) __ksym;
#define container(ptr, type, member) ((type *)((void *)(ptr) - __builtin_offsetof(type, member)))
`;

test('a list and a tree of objects that the program allocates', () => {
  const { stdout, stderr } = run(
    `${GRAPH}
struct seen { int pid; struct bpf_list_node node; };
struct ranked { int pid; struct bpf_rb_node node; };
private(A) struct bpf_spin_lock list_lock;
private(A) struct bpf_list_head list __contains(seen, node);
private(B) struct bpf_spin_lock tree_lock;
private(B) struct bpf_rb_root tree __contains(ranked, node);
static bool larger(struct bpf_rb_node *a, const struct bpf_rb_node *b)
{
	return container(a, struct ranked, node)->pid > container(b, struct ranked, node)->pid;
}
SEC("iter/task") int dump(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct seq_file *seq = ctx->meta->seq;
	if (task) {
		if (task->pid > 4) return 0;
		struct seen *seen = bpf_obj_new_impl(bpf_core_type_id_local(struct seen), 0);
		if (!seen) return 0;
		seen->pid = task->pid;
		bpf_spin_lock(&list_lock);
		bpf_list_push_back_impl(&list, &seen->node, 0, 0);
		bpf_spin_unlock(&list_lock);
		struct ranked *ranked = bpf_obj_new_impl(bpf_core_type_id_local(struct ranked), 0);
		if (!ranked) return 0;
		ranked->pid = task->pid;
		bpf_spin_lock(&tree_lock);
		bpf_rbtree_add_impl(&tree, &ranked->node, larger, 0, 0);
		bpf_spin_unlock(&tree_lock);
		return 0;
	}
	int i;
	bpf_for(i, 0, 10) {
		bpf_spin_lock(&list_lock);
		struct bpf_list_node *node = bpf_list_pop_front(&list);
		bpf_spin_unlock(&list_lock);
		if (!node) break;
		struct seen *seen = container(node, struct seen, node);
		BPF_SEQ_PRINTF(seq, "%d ", seen->pid);
		bpf_obj_drop_impl(seen, 0);
	}
	BPF_SEQ_PRINTF(seq, "|");
	bpf_for(i, 0, 10) {
		bpf_spin_lock(&tree_lock);
		struct bpf_rb_node *node = bpf_rbtree_first(&tree);
		if (!node) { bpf_spin_unlock(&tree_lock); break; }
		node = bpf_rbtree_remove(&tree, node);
		bpf_spin_unlock(&tree_lock);
		if (!node) break;
		struct ranked *ranked = container(node, struct ranked, node);
		BPF_SEQ_PRINTF(seq, " %d", ranked->pid);
		bpf_obj_drop_impl(ranked, 0);
	}
	return 0;
}`.replace('${GRAPH}', GRAPH),
  );
  expect([stdout, stderr]).toEqual(['1 2 3 4 | 4 3 2 1', '']);
});

test('a timer runs its callback once simulated time has come that far, unless it is cancelled', () => {
  const { stdout, stderr } = run(
    `#define CLOCK_MONOTONIC 1
struct slot { int fired; struct bpf_timer timer; };
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 3); __type(key, int); __type(value, struct slot); } slots SEC(".maps");
static int expire(void *map, int *key, struct slot *slot) { slot->fired = 10 + *key; return 0; }
SEC("iter/task") int dump(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct seq_file *seq = ctx->meta->seq;
	int zero = 0, one = 1, two = 2;
	struct slot *a = bpf_map_lookup_elem(&slots, &zero), *b = bpf_map_lookup_elem(&slots, &one), *c = bpf_map_lookup_elem(&slots, &two);
	if (!a || !b || !c) return 0;
	if (ctx->meta->seq_num == 0 && task) {
		BPF_SEQ_PRINTF(seq, "%ld ", bpf_timer_start(&a->timer, 0, 0));
		BPF_SEQ_PRINTF(seq, "%ld ", bpf_timer_init(&a->timer, &slots, 5));
		BPF_SEQ_PRINTF(seq, "%ld ", bpf_timer_init(&a->timer, &slots, CLOCK_MONOTONIC));
		BPF_SEQ_PRINTF(seq, "%ld ", bpf_timer_init(&a->timer, &slots, CLOCK_MONOTONIC));
		bpf_timer_init(&b->timer, &slots, CLOCK_MONOTONIC);
		bpf_timer_init(&c->timer, &slots, CLOCK_MONOTONIC);
		bpf_timer_set_callback(&a->timer, expire);
		bpf_timer_set_callback(&b->timer, expire);
		bpf_timer_set_callback(&c->timer, expire);
		bpf_timer_start(&a->timer, 100, 0);
		bpf_timer_start(&b->timer, 1000000000, 0);
		bpf_timer_start(&c->timer, 100, 0);
		BPF_SEQ_PRINTF(seq, "%ld ", bpf_timer_cancel(&c->timer));
		BPF_SEQ_PRINTF(seq, "%ld\\n", bpf_timer_cancel(&c->timer));
	}
	if (!task) BPF_SEQ_PRINTF(seq, "%d %d %d\\n", a->fired, b->fired, c->fired);
	return 0;
}`,
  );
  expect([stdout, stderr]).toEqual(['-22 -22 0 -16 1 0\n10 0 0\n', '']);
});

test('a map that is pinned already is used if it is like the one in the source', () => {
  const world = join(dir, 'pinned.json');
  const maps = [{ name: 'counts', type: 'hash', maxEntries: 8, entries: [{ key: 7, value: 42 }] }];
  writeFileSync(world, JSON.stringify({ maps, processes: [{ pid: 1, comm: 'init' }] }));
  const map = (entries: number): string =>
    `struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, ${entries}); __type(key, int); __type(value, int); __uint(pinning, LIBBPF_PIN_BY_NAME); } counts SEC(".maps");`;
  const print =
    'int key = 7, *value = bpf_map_lookup_elem(&counts, &key); BPF_SEQ_PRINTF(seq, "%d\\n", value ? *value : -1);';
  expect(once(print, map(8), '--world', world)).toBe('42\n');
  const refused = once(print, map(9), '--world', world);
  expect(refused).toContain("libbpf: couldn't reuse pinned map at '/sys/fs/bpf/counts': parameter mismatch");
  expect(refused).toContain("libbpf: map 'counts': error reusing pinned map");
  expect(refused).toContain("libbpf: map 'counts': failed to create: Invalid argument(-22)");
});
