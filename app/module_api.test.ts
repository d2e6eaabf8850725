/** Kernel code of the user's behind the protocol: what the page is told of a module that comes with a scenario. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

import type { Scenario } from '../src/protocol/scenario.ts';
import type { CallContext } from '../src/protocol/server.ts';
import { callRow } from '../src/protocol/trace.ts';
import { createEngineApi } from '../src/engine/machine_api.ts';
import { must } from '../src/shared/assert.ts';
import { resources } from './resources.ts';
import { lineRows } from '../src/protocol/trace_tables.ts';

const targets = join(import.meta.dirname, 'examples', 'targets');
const file = (name: string): string => readFileSync(join(targets, name), 'utf8');
const MODULE = file('task_children.c');
const scenarioOf = (text: string): Scenario => ({
  world: { name: 'demo' },
  source: { path: 'task_children.bpf.c', text: file('task_children.bpf.c') },
  module: { path: 'task_children.c', text },
  options: { attach: { pid: 1 } },
});
const good = scenarioOf(MODULE);
const quiet: CallContext = {
  cancelled: () => false,
  progress: () => undefined,
  breathe: () => Promise.resolve(),
};
const api = createEngineApi(resources);
const lineOf = (text: string, part: string): number =>
  text.split('\n').findIndex((line) => line.includes(part)) + 1;

test('a program of its target is checked, run and drawn', async () => {
  const checked = await api.check({ scenario: good }, quiet);
  expect(checked).toMatchObject({ stage: 'done', diagnostics: [], verdict: { accepted: true } });
  const { report, sessions, views, program } = await api.run({ scenario: good }, quiet);
  expect(report.output).toContain('children of init (1)\n     412 httpd\n');
  expect(report.module).toMatchObject({ targets: ['task_children'], leaks: [], locks: [], oops: null });
  expect(program?.ctxType).toBe('bpf_iter__task_children');
  // The list, and a child in each of its places.
  const picture = must(views[0]?.scene, 'a picture');
  expect(picture.length).toBe(5);
  expect(picture.text.match(/task_children \d/g)).toEqual([0, 1, 2, 3].map((n) => `task_children ${n}`));
  expect(sessions[0]?.target).toBe('task_children');
  // Moments of such a run are replayed with the module.
  const moment = { session: sessions[0]?.session ?? 0, read: 0, call: 1 };
  expect((await api.steps({ moment }, quiet)).insns.length).toBeGreaterThan(5);
});

test('the lines of its C are what the kernel does, each in its callback', async () => {
  const code = await api.pseudoCode({ target: 'task_children', scenario: good }, quiet);
  expect(code.map(({ title }) => title)).toEqual(
    expect.arrayContaining(['read(2)', 'child_at', 'children_start', 'children_next', 'children_stop']),
  );
  const texts = new Map(code.flatMap(({ lines }) => lines.map(({ id, text }) => [id, text])));
  const { sessions } = await api.run({ scenario: good }, quiet);
  const [trace] = sessions;
  if (!trace) throw new Error('there is no session');
  const next = Array.from({ length: trace.length }, (_, call) => call).find(
    (call) => callRow(trace, call)?.kind === 'next',
  );
  const lines = lineRows(trace.lines)
    .filter(({ call }) => call === next)
    .map(({ line }) => texts.get(line));
  expect(lines).toEqual(
    expect.arrayContaining(['put_task_struct(v);', '++*pos;', 'rcu_read_lock();', 'return found;']),
  );
  expect(lines).not.toContain('return run(seq, v, false);');
});

test('its mistakes are at its own lines: C, init, a forgotten put', async () => {
  const wrong = scenarioOf(MODULE.replace('rcu_read_unlock();', 'rcu_read_unlok();'));
  expect((await api.check({ scenario: wrong }, quiet)).diagnostics[0]).toMatchObject({
    severity: 'error',
    file: 'task_children.c',
    line: lineOf(MODULE, 'rcu_read_unlock();'),
  });
  const late = scenarioOf(
    MODULE.replace('return bpf_iter_reg_target(', 'return *(int *)8 ?: bpf_iter_reg_target('),
  );
  for (const { stage, diagnostics } of [
    await api.check({ scenario: late }, quiet),
    (await api.run({ scenario: late }, quiet)).report,
  ]) {
    expect(stage).toBe('open');
    expect(diagnostics[0]).toMatchObject({
      source: 'kernel',
      file: 'task_children.c',
      line: lineOf(MODULE, 'return bpf_iter_reg_target('),
      message: 'BUG: kernel NULL pointer dereference, address: 0000000000000008',
    });
  }
  const leaky = scenarioOf(MODULE.replace('\tput_task_struct(v);\n\t++*pos;', '\t++*pos;'));
  const { report } = await api.run({ scenario: leaky }, quiet);
  expect(report.module?.leaks).toHaveLength(4);
  expect(report.diagnostics).toHaveLength(4);
});

test('a program that does not know the module is refused, and knows it again afterwards', async () => {
  const { module: _, ...without } = good;
  expect((await api.check({ scenario: without }, quiet)).stage).toBe('compile');
  expect((await api.check({ scenario: good }, quiet)).stage).toBe('done');
});

test('the shell and the reader have the target too', async () => {
  const line =
    'bpftool iter pin task_children.bpf.o /sys/fs/bpf/kids; bpftool link show pinned /sys/fs/bpf/kids';
  const { output } = await api.shell({ scenario: good, line }, quiet);
  expect(output.map(({ text }) => text).join('')).toBe('1: iter  prog 1  target_name task_children  \n');
  const reader = {
    path: 'reader.c',
    text: '#include <bpf/libbpf.h>\nint main(void)\n{\n\treturn bpf_object__load(bpf_object__open("task_children.bpf.o"));\n}\n',
  };
  expect(await api.exec({ scenario: good, reader }, quiet)).toMatchObject({ status: 0, stderr: '' });
});
