/** A run that is wound to a moment is, byte for byte, the run that was played to it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Random } from '../src/engine/bpf/random.ts';
import { RESERVED } from '../src/engine/kernel/memory.ts';
import { bootMachine, kernelTypes } from '../src/engine/machine/boot.ts';
import type { Machine } from '../src/engine/machine/boot.ts';
import { KernelCodes } from '../src/engine/machine/kernel_code.ts';
import { playObject } from '../src/engine/machine/play.ts';
import type { Play, WhenReady } from '../src/engine/machine/play.ts';
import { Rerun } from '../src/engine/machine/player.ts';
import type { Beginning } from '../src/engine/machine/player.ts';
import { compileSource } from '../src/engine/machine/program.ts';
import { Tape, canWind } from '../src/engine/machine/tape.ts';
import { openShell } from '../src/engine/machine/shell.ts';
import { must } from '../src/shared/assert.ts';
import type { RunOptions } from '../src/protocol/scenario.ts';
import { resources } from './resources.ts';

const MOMENTS = 6;

/** @returns what begins a run of a program's text */
function runOf(text: string, world: string, options: RunOptions) {
  const { object } = compileSource({ path: 'p.bpf.c', text }, kernelTypes(resources, {}));
  return (ready: WhenReady = () => undefined): Beginning => {
    const machine = bootMachine(resources, { world: { name: world } });
    return { machine, play: playObject(machine, 'p.bpf.c', object ?? new Uint8Array(0), options, [], ready) };
  };
}

/** Plays to the end. @returns the machine, and its tape if it can be wound */
function recorded(begin: (ready: WhenReady) => Beginning, stride: number, most: number) {
  let winds = false;
  const { machine, play } = begin(() => {
    winds = canWind(machine);
    return winds ? 'stay open' : undefined;
  });
  let tape: Tape | null = null;
  for (let calls = 1; play.next().done === false; calls++) {
    if (calls === 1 && winds) tape = new Tape(machine, { stride, most });
    if (tape && !tape.see()) tape = null;
  }
  return {
    tape: tape?.isUsable ? tape : null,
    sessions: machine.recorder.sessions.map(({ session, call }) => ({ session, calls: call })),
  };
}

const bytesOf = ({ kernel: { mem } }: Machine): Buffer =>
  Buffer.from(new Uint8Array(mem.buffer).slice(RESERVED, mem.used));

const example = (name: string): string =>
  readFileSync(join(import.meta.dirname, 'examples', `${name}.bpf.c`), 'utf8');

/** Keeps sums where other programs look for them: globals, an array, a hash whose elements are there. */
const COUNTING = `
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
char LICENSE[] SEC("license") = "GPL";
__u64 seen, last;
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 8); __type(key, __u32); __type(value, __u64); } sums SEC(".maps");
SEC("iter/task_file")
int count(struct bpf_iter__task_file *ctx)
{
	__u32 key = ctx->fd & 7;
	__u64 *sum = bpf_map_lookup_elem(&sums, &key);
	if (sum)
		__sync_fetch_and_add(sum, ctx->fd + 1);
	seen++;
	last = bpf_ktime_get_ns();
	return 0;
}`;
const INSERTING = COUNTING.replace('ARRAY', 'HASH').replace(
  'seen++;',
  'seen++; bpf_map_update_elem(&sums, &key, &seen, BPF_ANY);',
);

const RUNS: readonly (readonly [what: string, text: string, world: string, options: RunOptions])[] = [
  ['files, in many reads', example('task_file'), 'demo', { readSize: 256 }],
  ['files, without output', COUNTING, 'fd-leak', {}],
  ['areas', example('task_vma'), 'threads', { readSize: 1000 }],
  ['tasks', example('task'), 'threads', { readSize: 100 }],
  ['cgroups', example('cgroup'), 'containers', { attach: { order: 'pre' } }],
  [
    'elements of a map',
    example('bpf_map_elem'),
    'demo',
    { attach: { map: 'scores' }, fill: [['scores', 12]] },
  ],
];

/** Which memory is whose changes in these, or the world does: their beginning is played again. */
const IN_PART: typeof RUNS = [
  ['two sessions in turn', example('task_file'), 'demo', { readSize: 256, sessions: 2 }],
  ['a world that changes', example('task_file'), 'churn', { readSize: 512 }],
];

for (const [runs, whole] of [
  [RUNS, true],
  [IN_PART, false],
] as const)
  test.for(runs)('%s: wound and played again, all memory is the same', ([, text, world, options]) => {
    const begin = runOf(text, world, options);
    const { tape, sessions } = recorded(begin, 4, 4000);
    if (!tape) throw new Error('the run cannot be wound');
    expect(tape.isWhole).toBe(whole);
    expect(sessions).toHaveLength(options.sessions ?? 1);
    const random = new Random(7);
    const moments = sessions.flatMap(({ session, calls }) =>
      Array.from({ length: MOMENTS }, () => ({ session, at: 1 + (random.u32() % calls) })),
    );
    const again = new Rerun(begin);
    const played = new Map(
      moments
        .toSorted((a, b) => a.session - b.session || a.at - b.at)
        .map(({ session, at }) => {
          const machine = again.after(session, at);
          if (!machine) throw new Error(`there is no call ${at}`);
          return [`${session}/${at}`, { bytes: bytesOf(machine), now: machine.kernel.now }];
        }),
    );
    let wound = 0;
    for (const { session, at } of moments) {
      const machine = tape.after(session, at);
      if (!machine) continue;
      wound++;
      const { bytes, now } = played.get(`${session}/${at}`) ?? {};
      expect(machine.kernel.now, `time after ${at} calls of session ${session}`).toBe(now);
      expect(bytes && bytesOf(machine).compare(bytes), `memory after ${at} calls of session ${session}`).toBe(
        0,
      );
    }
    expect(wound).toBeGreaterThanOrEqual(whole ? moments.length : moments.length / 2);
    for (const { session, calls } of sessions) expect(tape.after(session, calls + 1)).toBeNull();
  });

test('a run that hands out memory all the time is played again', () => {
  expect(recorded(runOf(INSERTING, 'demo', {}), 4, 4000).tape === null).toBe(true);
});

const targets = join(import.meta.dirname, 'examples/targets');
const kernelC = (name: string): Beginning => {
  const own = kernelTypes(resources, {});
  const file = (path: string): string => readFileSync(join(targets, path), 'utf8');
  const { types, code } = new KernelCodes().of({ path: `${name}.c`, text: file(`${name}.c`) }, own);
  const path = `${name}.bpf.c`;
  const object = must(compileSource({ path, text: file(path) }, types).object, 'an object');
  const machine = bootMachine(resources, { world: { name: 'demo' }, module: must(code, 'a module') });
  return { machine, play: playObject(machine, path, object, { attach: { pid: 1 }, readSize: 64 }) };
};
const files = (): Uint8Array =>
  must(
    compileSource({ path: 'p.bpf.c', text: example('task_file') }, kernelTypes(resources, {})).object,
    'it',
  );
const boot = (): Machine => bootMachine(resources, { world: { name: 'demo' } });

/** What is not wound on the machine that made the run. */
const PLAYED: readonly (readonly [what: string, begin: () => Promise<() => Beginning>, calls: number])[] = [
  ['kernel code', () => Promise.resolve(() => kernelC('task_children')), 11],
  [
    'lines of the shell',
    () => {
      const object = files();
      const outside = {
        read: (path: string) => (path === 'p.bpf.o' ? object : null),
        size: (path: string) => (path === 'p.bpf.o' ? object.length : null),
        list: (path: string) => (path === '' ? ['p.bpf.o'] : null),
      };
      function* type(machine: Machine): Play<void> {
        const session = openShell(machine, outside);
        for (const line of ['bpftool iter pin p.bpf.o /sys/fs/bpf/p', 'head -c 300 /sys/fs/bpf/p | wc'])
          for (const typing = session.line(line); typing.next().done !== true;) yield { calls: 0, reads: 0 };
      }
      return Promise.resolve(() => {
        const machine = boot();
        return { machine, play: type(machine) };
      });
    },
    40,
  ],
  [
    'a world that changes',
    () => Promise.resolve(runOf(example('task_file'), 'churn', { readSize: 512 })),
    60,
  ],
];

test.for(PLAYED)('%s: played again once, it is wound back', async ([, prepare, calls]) => {
  const begin = await prepare();
  let booted = 0;
  const player = new Rerun(() => {
    booted++;
    return begin();
  });
  const random = new Random(3);
  const moments = Array.from({ length: MOMENTS }, () => 1 + (random.u32() % calls)).sort((a, b) => a - b);
  let changes = 0;
  const there = moments.map((at) => {
    const machine = must(player.after(1, at), `call ${at}`);
    changes = machine.script.made.size;
    return { at, bytes: bytesOf(machine), now: machine.kernel.now };
  });
  expect(booted).toBe(1);
  for (const { at, bytes, now } of there.toReversed()) {
    const machine = must(player.after(1, at), `call ${at}`);
    expect(machine.kernel.now, `time after ${at} calls`).toBe(now);
    expect(bytesOf(machine).compare(bytes), `memory after ${at} calls`).toBe(0);
  }
  // Once, and again for each change of the world that is gone back over.
  expect(booted).toBeLessThanOrEqual(1 + changes);
  // And from wherever it is, on as far as it was.
  const last = must(there.at(-1), 'the last');
  for (let at = moments[0] ?? 0; at < last.at; at++) expect(player.next()).toBe(true);
  expect(bytesOf(must(player.after(1, last.at), 'the last')).compare(last.bytes)).toBe(0);
});
