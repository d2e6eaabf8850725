/** A run that is wound to a moment is, byte for byte, the run that was played to it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Random } from '../src/engine/bpf/random.ts';
import { RESERVED } from '../src/engine/kernel/memory.ts';
import { bootMachine, kernelTypes } from '../src/engine/machine/boot.ts';
import type { Machine } from '../src/engine/machine/boot.ts';
import { playObject } from '../src/engine/machine/play.ts';
import type { WhenReady } from '../src/engine/machine/play.ts';
import { Rerun } from '../src/engine/machine/player.ts';
import type { Beginning } from '../src/engine/machine/player.ts';
import { compileSource } from '../src/engine/machine/program.ts';
import { Tape, canWind } from '../src/engine/machine/tape.ts';
import type { RunOptions } from '../src/protocol/scenario.ts';
import { resources } from './resources.ts';

const MOMENTS = 8;

/** @returns what begins a run of a program's text */
function runOf(text: string, world: string, options: RunOptions) {
  const { object } = compileSource({ path: 'p.bpf.c', text }, kernelTypes(resources, {}));
  return (ready: WhenReady = () => undefined): Beginning => {
    const machine = bootMachine(resources, { world: { name: world } });
    return { machine, play: playObject(machine, 'p.bpf.c', object ?? new Uint8Array(0), options, [], ready) };
  };
}

/** Plays to the end. @returns the machine, and its tape if it can be wound */
function recorded(begin: (ready: WhenReady) => Beginning, size: number, stride: number, most: number) {
  let fd = -1;
  let winds = false;
  const { machine, play } = begin((fds) => {
    fd = fds[0] ?? -1;
    winds = canWind(machine);
    return winds ? 'stay open' : undefined;
  });
  let tape: Tape | null = null;
  for (let calls = 1; play.next().done === false; calls++) {
    if (calls === 1 && winds) tape = new Tape(machine, { fd, size }, stride, most);
    if (tape && !tape.see()) tape = null;
  }
  return { tape: tape?.isUsable ? tape : null, calls: machine.recorder.sessions[0]?.call ?? 0 };
}

const bytesOf = ({ kernel }: Machine): Buffer => Buffer.from(kernel.mem.snapshot().bytes.subarray(RESERVED));

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

test.for(RUNS)('%s: wound and played again, all memory is the same', ([, text, world, options]) => {
  const begin = runOf(text, world, options);
  const { tape, calls } = recorded(begin, options.readSize ?? 4096, 4, 4000);
  if (!tape) throw new Error('the run cannot be wound');
  expect(calls).toBeGreaterThan(MOMENTS);
  const random = new Random(7);
  const moments = Array.from({ length: MOMENTS }, () => 1 + (random.u32() % calls));
  const again = new Rerun(begin);
  const played = new Map(
    [...new Set(moments)]
      .sort((a, b) => a - b)
      .map((at) => {
        const machine = again.after(1, at);
        if (!machine) throw new Error(`there is no call ${at}`);
        return [at, { bytes: bytesOf(machine), now: machine.kernel.now }];
      }),
  );
  for (const at of moments) {
    const machine = tape.after(1, at);
    const { bytes, now } = played.get(at) ?? {};
    expect(machine?.kernel.now, `time after ${at} of ${calls} calls`).toBe(now);
    expect(machine && bytes && bytesOf(machine).compare(bytes), `memory after ${at} of ${calls} calls`).toBe(
      0,
    );
  }
  expect(tape.after(1, calls + 1)).toBeNull();
});

test('a run that hands out memory while it is read cannot be wound', () => {
  expect(recorded(runOf(INSERTING, 'demo', {}), 4096, 4, 4000).tape === null).toBe(true);
});
