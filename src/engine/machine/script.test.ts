/** Worlds that change while they are walked: small C programs see what a Linux walk would see. */
import kernelBtf from 'virtual:kernel-btf';
import { describe, expect, test } from 'vitest';
import type { RunOptions } from '../../protocol/scenario.ts';
import type { RunReport } from '../../protocol/report.ts';
import { checkImage } from '../kernel/check_image.ts';
import type { WorldInput } from '../kernel/world.ts';
import { bootMachine } from './boot.ts';
import type { Machine } from './boot.ts';
import { playObject } from './play.ts';
import { compileSource } from './program.ts';
import type { Resources } from './resources.ts';
import { heldRows } from '../../protocol/trace_tables.ts';

const resources: Resources = { btf: () => kernelBtf, world: () => null, worldNames: [] };

const program = (target: string, body: string): string => `
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
char LICENSE[] SEC("license") = "GPL";
SEC("iter/${target}")
int dump(struct bpf_iter__${target} *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	${body}
	return 0;
}`;
const TASKS = program(
  'task',
  'struct task_struct *t = ctx->task; if (t) BPF_SEQ_PRINTF(seq, "%d %s\\n", t->pid, t->comm);',
);
const FILES = program(
  'task_file',
  'struct task_struct *t = ctx->task; if (t && ctx->file) BPF_SEQ_PRINTF(seq, "%d:%d\\n", t->pid, ctx->fd);',
);
const VMAS = program(
  'task_vma',
  'struct vm_area_struct *v = ctx->vma; if (v) BPF_SEQ_PRINTF(seq, "%lx-%lx\\n", v->vm_start, v->vm_end);',
);
const CGROUPS = program(
  'cgroup',
  'struct cgroup *c = ctx->cgroup; if (c) BPF_SEQ_PRINTF(seq, "%llu\\n", c->kn->id);',
);

/** 1 init, 5 with threads 6 and 7 and fds 0..3, 9 with three areas, and its zombie child 8. */
const world = (script: WorldInput['script']): WorldInput => ({
  processes: [
    { pid: 1, comm: 'init', mm: { vmas: [] } },
    {
      pid: 5,
      comm: 'server',
      exe: '/bin/server',
      mm: { vmas: [] },
      fds: [0, 1, 2, 3].map((fd) => ({ fd, cloexec: fd === 3, file: { path: `/tmp/${fd}`, flags: '02' } })),
      threads: [
        { tid: 6, comm: 'accept' },
        { tid: 7, comm: 'worker' },
      ],
    },
    { pid: 8, comm: 'gone', ppid: 9, state: 'Z' },
    {
      pid: 9,
      comm: 'mapper',
      mm: {
        vmas: ['0x10000', '0x20000', '0x30000'].map((start) => ({
          start,
          end: `0x${(Number(start) + 0x4000).toString(16)}`,
          perms: 'rw-p',
        })),
      },
    },
  ],
  cgroups: [
    { path: '/a', id: 10 },
    { path: '/b', id: 11 },
  ],
  script: script ?? [],
});

interface Ran {
  readonly lines: string[];
  readonly changes: string[];
  readonly report: RunReport;
  readonly machine: Machine;
}

const EXIT_DEAD = 0x10;

/** References that the walks have now, taken and not given back, with those of tasks that only a walk keeps. */
function heldNow({ kernel, recorder }: Machine): Map<bigint, number> {
  const held = new Map<bigint, number>();
  const files = new Set<bigint>();
  const add = (object: bigint, n: number): void => {
    held.set(object, (held.get(object) ?? 0) + n);
  };
  for (const { kind, object, delta } of recorder.sessions.flatMap((s) => heldRows(s.trace().held))) {
    if (kind === 'file f_count' || kind === 'mm mm_users') add(object, delta);
    if (kind === 'file f_count') files.add(object);
    if (!kernel.mem.isAllocated(object)) continue;
    const task = kind === 'task usage' ? kernel.view('task_struct', object) : null;
    if (task?.num('exit_state') !== EXIT_DEAD) continue;
    for (const field of ['cred', 'real_cred', 'signal']) add(task.ptr(field), delta);
  }
  // What only a walk has open is in no table, but holds its opener's rights.
  for (const file of files) {
    const view = kernel.view('file', file);
    const only = kernel.mem.isAllocated(file) && view.num('f_count') === held.get(file);
    if (only) add(view.ptr('f_cred'), 1);
  }
  return held;
}

const objects = new Map<string, Uint8Array>();
function objectOf(text: string, machine: Machine): Uint8Array {
  const object = objects.get(text) ?? compileSource({ path: 'p.bpf.c', text }, machine.kernel.btf).object;
  if (!object) throw new Error('the program does not compile');
  objects.set(text, object);
  return object;
}

/** Runs a program over the world, and proves its bytes after every callback. */
function run(text: string, script: WorldInput['script'], options: RunOptions = {}): Ran {
  const ref = { name: 'w', text: JSON.stringify(world(script)) };
  const machine = bootMachine(resources, { world: ref });
  const object = objectOf(text, machine);
  const play = playObject(machine, 'p.bpf.o', object, options);
  const problems: string[] = [];
  let step = play.next();
  for (; !step.done; step = play.next()) problems.push(...checkImage(machine.kernel, heldNow(machine)));
  const { report } = step.value;
  if (report.stage === 'done') problems.push(...checkImage(machine.kernel));
  expect(problems).toEqual([]);
  const changes = machine.recorder.sessions.flatMap((s) =>
    s.trace().changes.map(({ call, text: what }) => `${call}: ${what}`),
  );
  return { lines: report.output.trimEnd().split('\n'), changes, report, machine };
}

const after = (call: number) => ({ call, when: 'after' as const });

describe('a walk over tasks', () => {
  // Calls: 0 start, 1 show 1, 2 next, 3 show 5, 4 next, 5 show 6, ...
  test('misses a task that exits ahead of it', () => {
    const { lines, changes } = run(TASKS, [{ at: after(1), do: 'exit_thread', pid: 6 }]);
    expect(lines).toEqual(['1 init', '5 server', '7 worker', '8 gone', '9 mapper']);
    expect(changes).toEqual(['2: thread 6 (accept) exited']);
  });
  test('shows a task that exits while it is held, and goes on behind it', () => {
    const { lines } = run(TASKS, [{ at: { call: 5, when: 'before' }, do: 'exit_thread', pid: 6 }]);
    expect(lines).toEqual(['1 init', '5 server', '6 accept', '7 worker', '8 gone', '9 mapper']);
  });
  test('sees a new number ahead, not one behind', () => {
    const { lines } = run(TASKS, [
      { at: after(5), do: 'fork', pid: 5, child: 7000, comm: 'ahead' },
      { at: after(5), do: 'fork', pid: 5, child: 4, comm: 'behind' },
    ]);
    expect(lines).toEqual(['1 init', '5 server', '6 accept', '7 worker', '8 gone', '9 mapper', '7000 ahead']);
  });
  test('does not see a zombie any more once it was waited for', () => {
    expect(run(TASKS, [{ at: after(3), do: 'wait', pid: 8 }]).lines).not.toContain('8 gone');
  });
  test('a process that exits stays as a zombie, its threads do not', () => {
    const { lines, machine } = run(TASKS, [{ at: after(0), do: 'exit', pid: 5, code: 3 }]);
    expect(lines).toEqual(['1 init', '5 server', '8 gone', '9 mapper']);
    expect(machine.world.processes).toHaveLength(4);
  });
  test('exec leaves one thread, with a new name', () => {
    expect(run(TASKS, [{ at: after(0), do: 'exec', pid: 5, exe: '/bin/other' }]).lines).toEqual([
      '1 init',
      '5 other',
      '8 gone',
      '9 mapper',
    ]);
  });
});

describe('a walk over files', () => {
  const calls = run(FILES, []).lines;
  const reader = calls.filter((line) => line.startsWith('1:'));
  const first = 2 * reader.length; // The call that looks for the first file of task 5.

  test('passes over an fd that is closed ahead, and sees one that is opened ahead', () => {
    const { lines } = run(FILES, [
      { at: after(first), do: 'close', pid: 5, fd: 1 },
      { at: after(first), do: 'open', pid: 5, fd: 70, file: { path: 'anon_inode:[eventfd]' } },
      { at: after(first), do: 'dup', pid: 5, fd: 2, to: 9 },
    ]);
    expect(lines.filter((line) => line.startsWith('5:'))).toEqual(['5:0', '5:2', '5:3', '5:9', '5:70']);
  });
  test('shows the file it holds though its fd was closed meanwhile', () => {
    const { lines } = run(FILES, [{ at: after(first), do: 'close', pid: 5, fd: 0 }]);
    expect(lines.filter((line) => line.startsWith('5:'))).toEqual(['5:0', '5:1', '5:2', '5:3']);
  });
  test('exec closes what was marked close-on-exec', () => {
    const { lines } = run(FILES, [{ at: { call: 0, when: 'before' }, do: 'exec', pid: 5, exe: '/bin/x' }]);
    expect(lines.filter((line) => line.startsWith('5:'))).toEqual(['5:0', '5:1', '5:2']);
  });
});

describe('a walk over areas', () => {
  // Only task 9, the only one with memory, has any: calls are 0 start, 1 show, 2 next, 3 show, ...
  test('lets a writer in between two areas, and finds its place again', () => {
    const { lines, changes } = run(VMAS, [
      { at: after(1), do: 'munmap', pid: 9, start: '0x20000', end: '0x22000' },
    ]);
    expect(lines).toEqual(['10000-14000', '22000-24000', '30000-34000']);
    expect(changes).toEqual(['2: 9 (mapper) unmapped 20000-22000, after it had waited for mmap_lock']);
  });
  test('goes on with what took the place of the area it had shown', () => {
    const { lines } = run(VMAS, [
      { at: after(1), do: 'mmap', pid: 9, start: '0x14000', end: '0x18000', perms: 'r--p' },
    ]);
    expect(lines).toEqual(['10000-14000', '14000-18000', '20000-24000', '30000-34000']);
  });
  test('an area that was split while it was shown: the rest of it follows', () => {
    const { lines } = run(VMAS, [
      { at: after(1), do: 'mprotect', pid: 9, start: '0x10000', end: '0x12000', perms: 'r--p' },
    ]);
    expect(lines).toEqual(['10000-14000', '12000-14000', '20000-24000', '30000-34000']);
  });
  test('before the first read the lock is free', () => {
    const { lines, changes } = run(VMAS, [
      { at: { read: 0, when: 'before' }, do: 'munmap', pid: 9, start: '0x0', end: '0x21000' },
    ]);
    expect(lines).toEqual(['21000-24000', '30000-34000']);
    expect(changes).toEqual(['0: 9 (mapper) unmapped 0-21000']);
  });
});

test('a cgroup is made only when the walk has given cgroup_mutex back', () => {
  const { lines, changes } = run(
    CGROUPS,
    [
      { at: after(1), do: 'cgroup_create', path: '/c' },
      { at: after(1), do: 'cgroup_remove', path: '/b' },
      { at: { read: 1, when: 'before' }, do: 'cgroup_move', pid: 5, path: '/c' },
    ],
    { attach: { cgroupId: '1', order: 'pre' } },
  );
  expect(lines).toEqual(['1', '10', '11']);
  expect(changes.map((text) => text.replace(/^\d+: /, ''))).toEqual([
    'cgroup /c was made, after it had waited for cgroup_mutex',
    'cgroup /b was removed, after it had waited for cgroup_mutex',
    '5 (server) moved to cgroup /c',
  ]);
});

describe('a walk over elements of a map', () => {
  const MAP = `
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
char LICENSE[] SEC("license") = "GPL";
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, __u64);
} numbers SEC(".maps");
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, __u64);
} table SEC(".maps");
SEC("iter/bpf_map_elem")
int dump(struct bpf_iter__bpf_map_elem *ctx)
{
	__u32 *key = ctx->key;
	__u64 *value = ctx->value;
	if (key && value)
		BPF_SEQ_PRINTF(ctx->meta->seq, "%u=%llu\\n", *key, *value);
	return 0;
}`;
  const walk = (map: string, script: NonNullable<WorldInput['script']>) =>
    run(MAP, script, { attach: { map } });

  test('shows what was stored ahead of it, not what was stored behind', () => {
    // Calls are 0 start, 1 show 0, 2 next, 3 show 1, ...
    const { lines, changes } = walk('numbers', [
      { at: after(1), do: 'map_update', map: 'numbers', key: 0, value: 7 },
      { at: after(1), do: 'map_update', map: 'numbers', key: 2, value: '08 00 00 00 00 00 00 01' },
    ]);
    expect(lines).toEqual(['0=0', '1=0', '2=72057594037927944', '3=0']);
    expect(changes).toContain('2: map numbers: element 0 is 7');
  });
  test('does not find what was deleted before its read', () => {
    const { lines } = walk('table', [
      { at: { read: 0, when: 'before' }, do: 'map_update', map: 'table', key: 1, value: 10 },
      { at: { read: 0, when: 'before' }, do: 'map_update', map: 'table', key: 2, value: 20 },
      { at: { read: 0, when: 'before' }, do: 'map_delete', map: 'table', key: 1 },
    ]);
    expect(lines).toEqual(['2=20']);
  });
  const before = { read: 0, when: 'before' } as const;
  test.each<[NonNullable<WorldInput['script']>[number], string]>([
    [
      { at: before, do: 'map_delete', map: 'table', key: 9 },
      "deleting an element of map 'table' fails with ENOENT",
    ],
    [
      { at: before, do: 'map_delete', map: 'numbers', key: 0 },
      "deleting an element of map 'numbers' fails with EINVAL",
    ],
    [{ at: before, do: 'map_update', map: 'no', key: 0, value: 0 }, "there is no map 'no' to update"],
    [
      { at: before, do: 'map_update', map: 'table', key: '01', value: 0 },
      'the key has 1 bytes, the map wants 4',
    ],
  ])('%j is refused', (change, message) => {
    const { report } = walk('table', [change]);
    expect(report.diagnostics[0]?.message).toContain(`world.script[0].map: ${message}`);
  });
});

describe('what cannot be is an error that names its place in the world', () => {
  test.each<[NonNullable<WorldInput['script']>[number], string]>([
    [{ at: after(0), do: 'exit', pid: 1 }, 'world.script[0].pid: process 1 is init'],
    [{ at: after(0), do: 'exit', pid: 77 }, 'world.script[0].pid: there is no task 77'],
    [{ at: after(0), do: 'fork', pid: 8 }, 'world.script[0].pid: task 8 is a zombie'],
    [{ at: after(0), do: 'fork', pid: 5, child: 6 }, 'world.script[0].child: 6 is in use'],
    [{ at: after(0), do: 'wait', pid: 9 }, 'world.script[0].pid: task 9 is no zombie'],
    [{ at: after(0), do: 'close', pid: 5, fd: 9 }, 'world.script[0].fd: fd 9 is not open in task 5'],
    [{ at: after(0), do: 'dup', pid: 5, fd: 9 }, 'world.script[0].fd: fd 9 is not open'],
    [
      { at: after(0), do: 'open', pid: 5, fd: 0, file: { path: '/x' } },
      'world.script[0].fd: fd 0 is open in task 5',
    ],
    [
      { at: after(0), do: 'munmap', pid: 9, start: '0x1', end: '0x2000' },
      'world.script[0].start: not a multiple of the page size',
    ],
    [
      { at: after(0), do: 'mprotect', pid: 9, start: '0x14000', end: '0x15000', perms: 'r--p' },
      'world.script[0].start: nothing is mapped at 0x14000',
    ],
    [{ at: after(0), do: 'cgroup_create', path: '/x/y' }, 'world.script[0].path: there is no cgroup /x'],
  ])('%j', (change, message) => {
    const { report } = run(TASKS, [change]);
    expect(report.stage).toBe('read');
    expect(report.diagnostics[0]?.message).toContain(message);
  });

  test('a moment that does not come is said', () => {
    const { report } = run(TASKS, [{ at: after(999), do: 'exit', pid: 5 }]);
    expect(report.stage).toBe('done');
    expect(report.diagnostics[0]).toMatchObject({
      severity: 'warning',
      message: "world.script[0]: 'exit' was not made: session 1 had nothing after call 999",
    });
  });
});
