/**
 * Linux's rule for each kind of change under a walk, one row for each: what is done, when, and what the program
 * sees. Rows of one walk go by reads of one object each, where "between reads" is meant.
 */
import kernelBtf from 'virtual:kernel-btf';
import { expect, test } from 'vitest';
import type { RunOptions } from '../../protocol/scenario.ts';
import { checkImage } from '../kernel/check_image.ts';
import type { WorldInput } from '../kernel/world.ts';
import { bootMachine } from './boot.ts';
import { playObject } from './play.ts';
import { compileSource } from './program.ts';
import type { Resources } from './resources.ts';

const resources: Resources = { btf: () => kernelBtf, world: () => null, worldNames: [] };
type Script = NonNullable<WorldInput['script']>;
type Row = [rule: string, script: Script, lines: string];

const program = (target: string, body: string, before = ''): string => `
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
char LICENSE[] SEC("license") = "GPL";
#define P(fmt, args...) BPF_SEQ_PRINTF(ctx->meta->seq, fmt " ", args)
${before}
SEC("iter/${target}")
int dump(struct bpf_iter__${target} *ctx)
{
	${body}
	return 0;
}`;

/** 5 listens at three ports and at @a, @b; 9 has three areas and is in cgroup /a. */
const machineWith = (script: Script): WorldInput => ({
  processes: [
    { pid: 1, comm: 'init', mm: { vmas: [] } },
    {
      pid: 5,
      comm: 'server',
      mm: { vmas: [] },
      fds: [...PORTS, ...NAMES].map((_, i) => ({ fd: i + 3, file: { path: `socket:[${100 + i}]` } })),
      threads: [{ tid: 6, comm: 'worker' }],
    },
    {
      pid: 9,
      comm: 'client',
      cgroup: '/a',
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
  sockets: [
    ...PORTS.map((port, i) => ({
      protocol: 'tcp' as const,
      state: 'LISTEN' as const,
      local: `0.0.0.0:${port}`,
      ino: 100 + i,
    })),
    ...NAMES.map((name, i) => ({
      protocol: 'unix' as const,
      state: 'listening' as const,
      name,
      ino: 100 + PORTS.length + i,
    })),
  ],
  script,
});
const PORTS = [2001, 2002, 2003];
const NAMES = ['@a', '@b'];

const objects = new Map<string, Uint8Array>();

function walk(
  text: string,
  script: Script,
  options: RunOptions = {},
): { lines: string; errno: string | null } {
  const world = { name: 'w.json', text: JSON.stringify(machineWith(script)) };
  const machine = bootMachine(resources, { world });
  const object = objects.get(text) ?? compileSource({ path: 'p.bpf.c', text }, machine.kernel.btf).object;
  if (!object) throw new Error('the program does not compile');
  objects.set(text, object);
  const play = playObject(machine, 'p.bpf.o', object, options);
  let step = play.next();
  while (!step.done) step = play.next();
  const { report } = step.value;
  expect(report.diagnostics).toEqual([]);
  expect(checkImage(machine.kernel)).toEqual([]);
  return { lines: report.output.trim(), errno: report.reads.at(-1)?.errno ?? null };
}

const before = (call: number) => ({ call, when: 'before' as const });
const after = (call: number) => ({ call, when: 'after' as const });
const between = (read: number) => ({ read, when: 'after' as const });
/** Every object in a read of its own. */
const ONE_BY_ONE: RunOptions = { readSize: 1 };

// Calls of a walk over tasks: 0 start, 1 show 1, 2 next, 3 show 5, 4 next, 5 show 6, ...
const TASKS = program('task', 'struct task_struct *t = ctx->task; if (t) P("%d:%s", t->pid, t->comm);');
test.each<Row>([
  ['nothing is done', [], '1:init 5:server 6:worker 9:client'],
  [
    'a name that is set before show is shown',
    [{ at: before(3), do: 'comm', pid: 5, comm: 'new' }],
    '1:init 5:new 6:worker 9:client',
  ],
  [
    'a name that is set after show comes too late',
    [{ at: after(3), do: 'comm', pid: 5, comm: 'new' }],
    '1:init 5:server 6:worker 9:client',
  ],
  [
    'a thread with a number ahead is met',
    [{ at: after(3), do: 'thread', pid: 5, tid: 20, comm: 'late' }],
    '1:init 5:server 6:worker 9:client 20:late',
  ],
  [
    'a thread with a number behind is not',
    [{ at: after(7), do: 'thread', pid: 5, tid: 8, comm: 'late' }],
    '1:init 5:server 6:worker 9:client',
  ],
  [
    'a task that next has found is shown, though it has exited since',
    [{ at: after(4), do: 'exit_thread', pid: 6 }],
    '1:init 5:server 6:worker 9:client',
  ],
  [
    'the threads of a process that executes another program are gone',
    [{ at: after(2), do: 'exec', pid: 5, exe: '/bin/x', comm: 'x' }],
    '1:init 5:x 9:client',
  ],
])('task: %s', (_rule, script, lines) => {
  expect(walk(TASKS, script).lines).toBe(lines);
});

test('task: between reads the task that did not fit is looked for by its number, or the next above', () => {
  const gone: Script = [{ at: between(1), do: 'exit_thread', pid: 6 }];
  expect(walk(TASKS, gone, ONE_BY_ONE).lines).toBe('1:init 5:server 9:client');
});

const GROUPS = program(
  'task',
  'struct task_struct *t = ctx->task; if (t) P("%d:%llu", t->pid, t->cgroups->dfl_cgrp->kn->id);',
);
test('task: a task that moves is in its new cgroup from the next show on', () => {
  expect(walk(GROUPS, [{ at: after(1), do: 'cgroup_move', pid: 9, path: '/b' }]).lines).toBe(
    '1:1 5:1 6:1 9:11',
  );
});

const VMAS = program('task_vma', 'struct vm_area_struct *v = ctx->vma; if (v) P("%lx", v->vm_start);');
const unmap = (start: string, end: string) => ({ do: 'munmap' as const, pid: 9, start, end });
// A read ends when next has found the area that the following one will show.
test.each<Row>([
  ['nothing is done', [], '10000 20000 30000'],
  ['the area that was shown goes', [{ at: between(0), ...unmap('0x10000', '0x14000') }], '10000 20000 30000'],
  [
    'the one that is next goes: on with the first that ends behind it',
    [{ at: between(0), ...unmap('0x20000', '0x24000') }],
    '10000 30000',
  ],
  [
    'one that is made before the one that is next is missed',
    [{ at: between(0), do: 'mmap', pid: 9, start: '0x18000', end: '0x19000', perms: 'r--p' }],
    '10000 20000 30000',
  ],
  [
    'the next is split: its place is where it ended, so its last part is shown',
    [{ at: between(0), do: 'mprotect', pid: 9, start: '0x20000', end: '0x21000', perms: 'r--p' }],
    '10000 21000 30000',
  ],
  [
    'another takes the place of the next: it is found by where the next ended',
    [
      { at: between(0), ...unmap('0x20000', '0x24000') },
      { at: between(0), do: 'mmap', pid: 9, start: '0x22000', end: '0x26000', perms: 'rw-p' },
    ],
    '10000 22000 30000',
  ],
])('task_vma between reads: %s', (_rule, script, lines) => {
  expect(walk(VMAS, script, { ...ONE_BY_ONE, attach: { pid: 9 } }).lines).toBe(lines);
});

// Listening sockets are walked before connections; each of these ports has a bucket of its own.
const TCP = program(
  'tcp',
  'struct sock_common *sk = ctx->sk_common; if (sk) P("%d:%d", sk->skc_num, sk->skc_state);',
);
const LISTENING = '2001:10 2002:10 2003:10';
const listen = (local: string, pid = 5) => ({ do: 'listen' as const, pid, local });
const connect = (to: string) => ({ do: 'connect' as const, pid: 9, to, from: '127.0.0.1:40000' });
test.each<Row>([
  ['nothing is done', [], LISTENING],
  [
    'a port behind the bucket that was read is missed, one ahead is met',
    ['0.0.0.0:2000', '0.0.0.0:2004'].map((local) => ({ at: between(1), ...listen(local) })),
    `${LISTENING} 2004:10`,
  ],
  [
    'a socket ahead that is closed is missed',
    [{ at: between(0), do: 'close', pid: 5, fd: 4 }],
    '2001:10 2003:10',
  ],
  [
    'both ends of a connection that is made meanwhile are met, for connections come last',
    [{ at: between(0), ...connect('127.0.0.1:2002') }],
    `${LISTENING} 2002:1 40000:1`,
  ],
  [
    'one that was accepted is the same connection',
    [
      { at: between(0), ...connect('127.0.0.1:2002') },
      { at: between(1), do: 'accept', pid: 5, fd: 4 },
    ],
    `${LISTENING} 2002:1 40000:1`,
  ],
])('tcp between reads: %s', (_rule, script, lines) => {
  const { lines: got } = walk(TCP, script, ONE_BY_ONE);
  expect(got.split(' ').sort()).toEqual(lines.split(' ').sort());
});

test('tcp: a socket closed under the cursor, after next has taken it, is passed over', () => {
  // Calls: 0 start, 1 show the header, 2 next, 3 show 2001, 4 next, 5 show 2002.
  const closed: Script = [{ at: after(4), do: 'close', pid: 5, fd: 4 }];
  const order = walk(TCP, []).lines.split(' ');
  const [, second = ''] = order;
  expect(second).toBe('2002:10');
  expect(walk(TCP, closed).lines.split(' ')).toEqual(order.filter((line) => line !== second));
});

const UNIX = program(
  'unix',
  'struct unix_sock *u = ctx->unix_sk; if (u && u->addr) P("%s", u->addr->name[0].sun_path + 1);',
);
// Calls: 0 start, 1 show the header, 2 next, 3 show @a, 4 next, 5 show @b.
test.each<Row>([
  ['nothing is done', [], 'a b'],
  ['the one ahead is closed before next takes it', [{ at: after(3), do: 'close', pid: 5, fd: 7 }], 'a'],
  ['it is closed when next has taken it: passed over', [{ at: after(4), do: 'close', pid: 5, fd: 7 }], 'a'],
  ['the one that was shown is closed', [{ at: after(3), do: 'close', pid: 5, fd: 6 }], 'a b'],
  ['a name in a bucket ahead is bound', [{ at: after(3), ...listen('@c') }], 'a b c'],
])('unix: %s', (_rule, script, lines) => {
  expect(walk(UNIX, script).lines).toBe(lines);
});
test('unix: what next has taken when a read ends is lost to the next read', () => {
  expect(walk(UNIX, [], ONE_BY_ONE).lines).toBe('a');
});

const CGROUPS = program('cgroup', 'struct cgroup *c = ctx->cgroup; if (c) P("%llu", c->kn->id);');
const DOWN: RunOptions = { attach: { cgroupId: '1', order: 'pre' } };
test.each<Row>([
  [
    'one that went before the first read is missed',
    [{ at: { read: 0, when: 'before' }, do: 'cgroup_remove', path: '/b' }],
    '1 10',
  ],
  [
    'one that came before it is met',
    [{ at: { read: 0, when: 'before' }, do: 'cgroup_create', path: '/a/c', id: 12 }],
    '1 10 12 11',
  ],
  [
    'removing the one that is shown has to wait for the walk',
    [{ at: before(5), do: 'cgroup_remove', path: '/b' }],
    '1 10 11',
  ],
])('cgroup: %s', (_rule, script, lines) => {
  expect(walk(CGROUPS, script, DOWN).lines).toBe(lines);
});
test('cgroup: a walk that a second read would have to go on with fails, for the tree was let go', () => {
  expect(walk(CGROUPS, [], { ...DOWN, ...ONE_BY_ONE }).errno).toBe('EOPNOTSUPP');
});

const TABLE = program(
  'bpf_map_elem',
  'int *key = ctx->key; if (key) P("%d", *key);',
  `struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, int);
} one SEC(".maps");
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4);
	__type(key, int);
	__type(value, int);
} table SEC(".maps");`,
);
const put = (key: number) => ({ do: 'map_update' as const, map: 'table', key, value: key });
const take = (key: number) => ({ do: 'map_delete' as const, map: 'table', key });
const AT_FIRST = { read: 0, when: 'before' as const };
const filled: Script = [1, 2, 3, 4].map((key) => ({ at: AT_FIRST, ...put(key) }));
const table = (script: Script): string[] =>
  walk(TABLE, [...filled, ...script], { ...ONE_BY_ONE, attach: { map: 'table' } }).lines.split(' ');
test('bpf_map_elem: of a hash map every key is met once when nothing is done', () => {
  expect(table([]).sort()).toEqual(['1', '2', '3', '4']);
});
test('bpf_map_elem between reads: what was shown may be deleted, and only its bucket shifts', () => {
  const order = table([]);
  const [first = '', ...rest] = order;
  const walked = table([{ at: between(0), ...take(Number(first)) }]);
  // A bucket is resumed by the number of elements to skip, so one of the same bucket may be missed; no more.
  expect(walked[0]).toBe(first);
  expect(rest.filter((key) => !walked.includes(key)).length).toBeLessThanOrEqual(1);
  expect(new Set(walked).size).toBe(walked.length);
});
test('bpf_map_elem between reads: what is ahead and deleted is missed, and put again it is met', () => {
  const last = Number(table([]).at(-1));
  expect(table([{ at: between(0), ...take(last) }])).not.toContain(String(last));
  expect(
    table([
      { at: between(0), ...take(last) },
      { at: between(1), ...put(last) },
    ]),
  ).toContain(String(last));
});
