/** Helpers that write for people or for the ring buffer, called from C: their results and what they refuse. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';

import { iterscope } from './cli/testing.ts';
import type { RunReport } from '../src/protocol/report.ts';

const dir = mkdtempSync(join(tmpdir(), 'iterscope-'));
let files = 0;
/** Runs a program with `--json` in the world `demo`. */
function run(source: string, ...options: readonly string[]): RunReport {
  const path = join(dir, `p${files++}.bpf.c`);
  const top =
    '#include "vmlinux.h"\n#include <bpf/bpf_helpers.h>\n#include <bpf/bpf_core_read.h>\nchar LICENSE[] SEC("license") = "GPL";\n';
  writeFileSync(path, `${top}${source}\n`);
  const { stdout, stderr } = iterscope('run', path, '--world', 'demo', '--json', ...options);
  expect(stderr).toBe('');
  return JSON.parse(stdout) as RunReport;
}
const lines = ({ output }: RunReport): string[] => output.trimEnd().split('\n');
const name = (errno: number): number => -errno;
const EINVAL = name(22);

test('bpf_seq_printf_btf and bpf_snprintf_btf show a struct by its type, and refuse what is none', () => {
  const report = run(
    `char text[16];
SEC("iter/task") int dump(struct bpf_iter__task *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct task_struct *task = ctx->task;
	if (!task || task->pid != 731) return 0;
	struct cred *cred = (struct cred *)task->cred;
	struct btf_ptr uid = { .ptr = (void *)&cred->uid, .type_id = bpf_core_type_id_kernel(kuid_t) };
	struct btf_ptr none = { .ptr = (void *)&cred->uid };
	long shown = bpf_seq_printf_btf(seq, &uid, sizeof uid, BTF_F_COMPACT);
	long plain = bpf_seq_printf_btf(seq, &uid, sizeof uid, 0);
	long length = bpf_snprintf_btf(text, sizeof text, &uid, sizeof uid, BTF_F_COMPACT | BTF_F_NONAME);
	BPF_SEQ_PRINTF(seq, "\\n%d %d %d %s\\n", shown, plain, length, text);
	length = bpf_snprintf_btf(text, 8, &uid, sizeof uid, BTF_F_COMPACT);
	BPF_SEQ_PRINTF(seq, "%d %s\\n", length, text);
	BPF_SEQ_PRINTF(seq, "%d %d %d\\n", bpf_seq_printf_btf(seq, &none, sizeof none, 0),
		bpf_seq_printf_btf(seq, &uid, sizeof uid, 1 << 7), bpf_snprintf_btf(text, 8, &uid, 8, 0));
	return 0;
}`,
  );
  expect(report.output).toBe(
    '(kuid_t){.val = (uid_t)1000,}(kuid_t){\n .val = (uid_t)1000,\n}\n\n' +
      '0 0 7 {1000,}\n29 (kuid_t\n' +
      `${EINVAL} ${EINVAL} ${EINVAL}\n`,
  );
});

test('bpf_d_path writes the path of a file, or nothing where it does not fit', () => {
  const report = run(
    `SEC("iter/task_file") int dump(struct bpf_iter__task_file *ctx)
{
	struct file *file = ctx->file;
	char path[48] = "untouched", small[4] = "abc";
	if (!file) return 0;
	long length = bpf_d_path(&file->f_path, path, sizeof path);
	long cut = bpf_d_path(&file->f_path, small, sizeof small);
	BPF_SEQ_PRINTF(ctx->meta->seq, "%u %d %s %d %s\\n", ctx->fd, length, path, cut, small);
	return 0;
}`,
    '--pid',
    '412',
  );
  const rows = lines(report);
  expect(rows.length).toBeGreaterThan(4);
  for (const row of rows) {
    const [, , length, path = '', cut, small] = /^(\d+) (\d+) (.*) (-?\d+) (\w*)$/.exec(row) ?? [];
    expect(Number(length)).toBe(path.length + 1);
    expect([cut, small]).toEqual(['-36', 'abc']);
  }
  expect(report.output).toMatch(/ \/\S+ -36/);
  expect(report.output).toMatch(/ (socket|pipe|anon_inode):\[/);
});

test('bpf_d_path of a kernel thread, which has no memory and no program, is -ERANGE', () => {
  const report = run(
    `SEC("iter/task") int dump(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	char path[48];
	if (task && !task->mm)
		BPF_SEQ_PRINTF(ctx->meta->seq, "%d\\n", bpf_d_path(&task->mm->exe_file->f_path, path, sizeof path));
	return 0;
}`,
  );
  expect(new Set(lines(report))).toEqual(new Set(['-34']));
});

test('what bpf_throw leaves the program with is made by its exception callback', () => {
  const report = run(
    `extern void bpf_throw(__u64 cookie) __ksym;
__u64 caught;
int recover(__u64 cookie)
{
	caught += cookie;
	return 0;
}
static __noinline int inner(int pid)
{
	if (pid == 731)
		bpf_throw(42);
	return pid;
}
SEC("iter/task") __attribute__((btf_decl_tag("exception_callback:recover"))) int dump(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	if (!task)
		BPF_SEQ_PRINTF(ctx->meta->seq, "%llu\\n", caught);
	else if (inner(task->pid) == 731)
		BPF_SEQ_PRINTF(ctx->meta->seq, "not left\\n");
	return 0;
}`,
  );
  expect(report.output).toBe('42\n');
});

test('a list in an arena is made with addresses of user space and walked with those of the kernel', () => {
  const report = run(
    `struct {
	__uint(type, BPF_MAP_TYPE_ARENA);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 4);
	__ulong(map_extra, 0x1ull << 44);
} arena SEC(".maps");
extern void *bpf_arena_alloc_pages(void *map, void *addr, __u32 page_cnt, int node_id, __u64 flags) __ksym;
extern void bpf_arena_free_pages(void *map, void *ptr, __u32 page_cnt) __ksym;
/* rN = addr_space_cast(rN, 0, 1) and back, in R1 */
#define CAST(ptr, as) ({ void *__p = (ptr); \\
	asm volatile("r1 = %0; .byte 0xbf; .byte 0x11; .short 1; .long " #as "; %0 = r1" : "+r"(__p) :: "r1"); __p; })
#define cast_kern(ptr) CAST(ptr, 1)
#define cast_user(ptr) CAST(ptr, 65536)
struct node { struct node *next; int pid; };
struct node *head;
int used;
char *page;
SEC("iter.s/task") int dump(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct node *node;
	if (!page)
		page = bpf_arena_alloc_pages(&arena, 0, 1, -1, 0);
	if (!task) {
		node = head;
		for (int i = 0; i < 4 && node; i++, node = node->next) {
			node = cast_kern(node);
			BPF_SEQ_PRINTF(ctx->meta->seq, "%d\\n", node->pid);
		}
		volatile int *gone = cast_kern(page + 4096);
		*gone = 7;
		BPF_SEQ_PRINTF(ctx->meta->seq, "%d %llx\\n", *gone, head);
		bpf_arena_free_pages(&arena, page, 1);
		return 0;
	}
	if (task->pid > 3 || !page)
		return 0;
	node = (struct node *)(page + used);
	used += sizeof(*node);
	node = cast_kern(node);
	node->pid = task->pid;
	node->next = head;
	head = cast_user(node);
	return 0;
}`,
  );
  // the first node is where the low half of an address is 0, which is NULL; a page that is not there reads 0
  expect(report.output).toMatch(/^(\d+\n)+0 100000000020\n$/);
  expect(lines(report)).toHaveLength(3);
});

test('bpf_printk of more than three values goes to the trace pipe', () => {
  const report = run(
    `SEC("iter/task") int dump(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	if (task && task->pid == 731)
		bpf_printk("%s %d of %d since %llu", task->comm, task->pid, task->real_parent->pid, task->start_time);
	return 0;
}`,
  );
  expect(report.trace_pipe.trimEnd()).toBe('bash 731 of 602 since 8310000000');
});

test('a record reserved as a dynptr is written in parts, cloned, cut and sliced', () => {
  const report = run(
    `struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 4096); } records SEC(".maps");
extern int bpf_dynptr_clone(const struct bpf_dynptr *ptr, struct bpf_dynptr *clone) __ksym;
extern int bpf_dynptr_adjust(const struct bpf_dynptr *ptr, __u32 start, __u32 end) __ksym;
extern __u32 bpf_dynptr_size(const struct bpf_dynptr *ptr) __ksym;
extern void *bpf_dynptr_slice(const struct bpf_dynptr *ptr, __u32 offset, void *buffer, __u32 size) __ksym;
SEC("iter/task") int dump(struct bpf_iter__task *ctx)
{
	struct bpf_dynptr all, part;
	char copy[4] = "";
	struct task_struct *task = ctx->task;
	if (!task || task->pid != 1) return 0;
	long reserved = bpf_ringbuf_reserve_dynptr(&records, 12, 0, &all);
	long written = bpf_dynptr_write(&all, 0, "iterators!!", 12, 0);
	char *first = bpf_dynptr_data(&all, 0, 1);
	if (first) *first = 'I';
	long over = bpf_dynptr_write(&all, 9, "abcd", 4, 0);
	long cloned = bpf_dynptr_clone(&all, &part);
	long cut = bpf_dynptr_adjust(&part, 4, 8), bad = bpf_dynptr_adjust(&part, 3, 9);
	char *slice = bpf_dynptr_slice(&part, 0, copy, 4);
	if (slice) BPF_SEQ_PRINTF(ctx->meta->seq, "%c%c %u ", slice[0], slice[3], bpf_dynptr_size(&part));
	BPF_SEQ_PRINTF(ctx->meta->seq, "%d %d %d %d %d ", reserved, written, over, cloned, cut);
	BPF_SEQ_PRINTF(ctx->meta->seq, "%d\\n", bad);
	bpf_ringbuf_submit_dynptr(&all, 0);
	return 0;
}`,
  );
  expect(report.diagnostics.map(({ message }) => message)).toEqual([]);
  expect(report.output).toBe('ar 4 0 0 -7 0 0 -34\n');
  expect(Object.values(report.ringbufs).flat()).toEqual([Buffer.from('Iterators!!\0').toString('hex')]);
});

test('a socket has one cookie, and another socket another', () => {
  const report = run(
    `SEC("iter/tcp") int dump(struct bpf_iter__tcp *ctx)
{
	struct sock_common *sk = ctx->sk_common;
	if (sk) BPF_SEQ_PRINTF(ctx->meta->seq, "%llu %llu\\n", bpf_get_socket_cookie(sk), bpf_get_socket_cookie(sk));
	return 0;
}`,
    '--world',
    'sockets',
  );
  const cookies = lines(report).map((line) => line.split(' '));
  for (const [one, again] of cookies) expect(one).toBe(again);
  expect(cookies.length).toBeGreaterThan(2);
  expect(new Set(cookies.map(([cookie]) => cookie)).size).toBe(cookies.length);
});

test('bpf_map_sum_elem_count says how many elements a map has', () => {
  const report = run(
    `struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 8); __type(key, int); __type(value, long); } mine SEC(".maps");
extern __s64 bpf_map_sum_elem_count(const struct bpf_map *map) __ksym;
SEC("iter/bpf_map") int dump(struct bpf_iter__bpf_map *ctx)
{
	struct bpf_map *map = ctx->map;
	if (map && map->name[0] == 'm') BPF_SEQ_PRINTF(ctx->meta->seq, "%s %d\\n", map->name, bpf_map_sum_elem_count(map));
	return 0;
}`,
    '--fill',
    'mine:5',
  );
  expect(report.output).toContain('mine 5\n');
});
