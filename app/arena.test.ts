/** An arena from source to output: compiled, mapped, with a global variable in it and a page that a program takes. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';

import { iterscope } from './cli/testing.ts';

const source = `
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
char LICENSE[] SEC("license") = "GPL";

#define __arena __attribute__((address_space(1)))
extern void __arena *bpf_arena_alloc_pages(void *map, void __arena *addr, __u32 pages, int node, __u64 flags) __ksym;
extern void bpf_arena_free_pages(void *map, void __arena *page, __u32 pages) __ksym;

struct {
	__uint(type, BPF_MAP_TYPE_ARENA);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 2);
} arena SEC(".maps");

int __arena tasks = 7;

SEC("iter.s/task")
int count(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	int __arena *page, *none;

	if (task) {
		if (task->pid < 4)
			tasks++;
		return 0;
	}
	page = bpf_arena_alloc_pages(&arena, NULL, 1, -1, 0);
	none = bpf_arena_alloc_pages(&arena, NULL, 1, -1, 0);
	if (!page)
		return 0;
	page[3] = 5;
	tasks += page[3];
	BPF_SEQ_PRINTF(ctx->meta->seq, "%llx %d %d\\n", (__u64)page, tasks, !none);
	bpf_arena_free_pages(&arena, page, 1);
	BPF_SEQ_PRINTF(ctx->meta->seq, "%d\\n", page[3]);
	return 0;
}
`;

test('an arena has the global variables, then the pages that the program takes', () => {
  const path = join(mkdtempSync(join(tmpdir(), 'iterscope-')), 'arena.bpf.c');
  writeFileSync(path, source);
  const { stdout, stderr } = iterscope('run', path, '--world', 'demo');
  expect(stdout || stderr).toBe('7e0000001000 15 1\n0\n');
});
