/** The engine as a page uses it: run, then look at moments, forwards and back. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

import { createEngineApi } from '../src/engine/machine_api.ts';
import type { RunResult } from '../src/protocol/api.ts';
import type { Scenario } from '../src/protocol/scenario.ts';
import type { CallContext } from '../src/protocol/server.ts';
import { callRow } from '../src/protocol/trace.ts';
import type { SessionTrace } from '../src/protocol/trace.ts';
import { iterscope } from './cli/testing.ts';
import { resources } from './resources.ts';

const scenario = (name: string, options: Scenario['options'] = {}): Scenario => ({
  world: { name: 'demo' },
  source: {
    path: `${name}.bpf.c`,
    text: readFileSync(join(import.meta.dirname, 'examples', `${name}.bpf.c`), 'utf8'),
  },
  options,
});
const context = (cancelAfter = Infinity): CallContext => {
  let slices = 0;
  return {
    cancelled: () => ++slices > cancelAfter,
    progress: () => undefined,
    breathe: () => Promise.resolve(),
  };
};
const first = ({ sessions }: RunResult): SessionTrace => {
  const [session] = sessions;
  if (!session) throw new Error('no session was recorded');
  return session;
};
const rows = (trace: SessionTrace) =>
  Array.from({ length: trace.length }, (_, call) => callRow(trace, call)!);

test.for(['task', 'task_file', 'task_vma'])(
  '%s: the page prints what the command line prints',
  async (name) => {
    const api = createEngineApi(resources);
    const { report } = await api.run({ scenario: scenario(name, { readSize: 300 }) }, context());
    const path = join(import.meta.dirname, 'examples', `${name}.bpf.c`);
    expect(report.output).toBe(iterscope('run', path, '--read-size', '300').stdout);
  },
);

test('the trace accounts for every byte that was read', async () => {
  const api = createEngineApi(resources);
  const result = await api.run({ scenario: scenario('task_file', { readSize: 500 }) }, context());
  const trace = first(result);
  const copied = rows(trace)
    .filter(({ kind }) => kind === 'copy')
    .reduce((sum, { result }) => sum + result, 0);
  expect(copied).toBe(result.report.output.length);
  expect(trace.reads.map(({ ret }) => ret)).toEqual(result.report.reads.map(({ ret }) => ret));
  const written = trace.writes.reduce((sum, { length }) => sum + length, 0);
  expect(written).toBe(copied);
});

test('what a walk takes it gives back', async () => {
  for (const name of ['task', 'task_file', 'task_vma']) {
    const trace = first(await createEngineApi(resources).run({ scenario: scenario(name) }, context()));
    const held = new Map<string, number>();
    for (const { kind, object, delta } of trace.held)
      held.set(`${kind} ${object}`, (held.get(`${kind} ${object}`) ?? 0) + delta);
    expect([...held].filter(([, count]) => count !== 0)).toEqual([]);
    expect(trace.held.length).toBeGreaterThan(10);
  }
});

test('a moment looks the same from whichever side it is reached', async () => {
  const api = createEngineApi(resources);
  const result = await api.run({ scenario: scenario('task_file', { readSize: 400 }) }, context());
  const trace = first(result);
  const shows = rows(trace).flatMap((row, call) => (row.kind === 'show' ? [{ row, call }] : []));
  const look = async (call: number) => {
    const moment = { session: trace.session, read: 0, call };
    const ctx = await api.peek({ moment, struct: 'bpf_iter__task_file', addr: result.ctx }, context());
    const steps = await api.steps({ moment }, context());
    return {
      fd: ctx?.fields.find(({ path }) => path === 'fd')?.value,
      file: ctx?.fields.find(({ path }) => path === 'file')?.pointer?.addr,
      pcs: steps.insns.map(({ pc }) => pc),
    };
  };
  const sample = shows.filter((_, i) => i % 7 === 0);
  const forwards = [];
  for (const { call } of sample) forwards.push(await look(call));
  const back = createEngineApi(resources);
  await back.run({ scenario: scenario('task_file', { readSize: 400 }) }, context());
  const backwards = [];
  for (const { call } of sample.toReversed()) backwards.unshift(await look(call));
  expect(backwards).toEqual(forwards);
  forwards.forEach(({ fd, file, pcs }, i) => {
    expect(fd).toBe(String(sample[i]?.row.key));
    expect(file).toBe(sample[i]?.row.object);
    expect(pcs.length).toBe(sample[i]?.row.insns);
  });
});

test('every object that was shown is in the picture', async () => {
  for (const name of ['task', 'task_file', 'task_vma']) {
    const result = await createEngineApi(resources).run({ scenario: scenario(name) }, context());
    const drawn = new Set(result.scene?.nodes.map((node) => node.addr));
    const shown = rows(first(result)).filter(({ kind }) => kind === 'show');
    expect(shown.filter(({ object }) => !drawn.has(object))).toEqual([]);
    expect(shown.length).toBeGreaterThan(10);
  }
});

test('a cancelled run gives what there was', async () => {
  const api = createEngineApi(resources);
  const result = await api.run({ scenario: scenario('task_vma', { readSize: 64 }) }, context(0));
  expect(result.cancelled).toBe(true);
  expect(first(result).length).toBeGreaterThan(0);
});

/** Ways through read(2) that no task target can take, with the reason. */
const UNREACHED: Readonly<Record<string, string>> = {
  'read.skipped': 'only socket targets pass an object over',
  'read.visited': 'needs a million objects without text',
};

test('every line of the algorithms is drawn, and every line drawn is reached', async () => {
  const text = readFileSync(join(import.meta.dirname, 'testdata', 'every_line.bpf.c'), 'utf8');
  const reached = new Set<string>();
  const drawn = new Set<string>();
  for (const target of ['task', 'task_file', 'task_vma']) {
    const api = createEngineApi(resources);
    for (const { lines } of await api.pseudoCode({ target }, context()))
      for (const { id } of lines) drawn.add(id);
    for (const attach of [{}, { pid: 1 }, { tid: 1 }, { pid: 99999 }])
      for (const mode of ['0', '1', '2', '3', '4', '5', '6'])
        for (const readSize of [20, 4096]) {
          const options = {
            prog: `walk_${target}`,
            attach,
            readSize,
            maxReads: 40,
            set: [['mode', mode]] as const,
          };
          const { sessions } = await api.run(
            { scenario: { ...scenario('task'), source: { path: 'every_line.bpf.c', text }, options } },
            context(),
          );
          for (const { line } of sessions.flatMap(({ lines }) => lines)) reached.add(line);
        }
  }
  expect([...reached].filter((id) => !drawn.has(id))).toEqual([]);
  expect([...drawn].filter((id) => !reached.has(id)).toSorted()).toEqual(Object.keys(UNREACHED).toSorted());
});
