/** The shell behind the protocol: lines go into the scenario's journal, and every moment of theirs can be looked at. */
import { expect, test } from 'vitest';

import type { ShellResult } from '../src/protocol/api.ts';
import type { Scenario } from '../src/protocol/scenario.ts';
import type { CallContext } from '../src/protocol/server.ts';
import { openScene } from '../src/protocol/scene_columns.ts';
import { callRow } from '../src/protocol/trace.ts';
import { createEngineApi } from '../src/engine/machine_api.ts';
import { iterscope } from './cli/testing.ts';
import { resources } from './resources.ts';

const PROGRAM = `#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
char LICENSE[] SEC("license") = "GPL";
SEC("iter/task") int dump(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	if (task) BPF_SEQ_PRINTF(ctx->meta->seq, "%s\\n", task->comm);
	return 0;
}
`;
const scenario: Scenario = {
  world: { name: 'docs' },
  source: { path: 'names.bpf.c', text: PROGRAM },
  options: {},
};
const quiet: CallContext = {
  cancelled: () => false,
  progress: () => undefined,
  breathe: () => Promise.resolve(),
};

const text = ({ output }: ShellResult): string => output.map((each) => each.text).join('');
async function typeAll(
  api: ReturnType<typeof createEngineApi>,
  lines: readonly string[],
): Promise<ShellResult> {
  let last = await api.shell({ scenario, line: '' }, quiet);
  for (const line of lines) last = await api.shell({ scenario: last.scenario, line }, quiet);
  return last;
}
const PIN = 'bpftool iter pin names.bpf.o /sys/fs/bpf/names';

test('the program that is being edited lies beside its object, and can be pinned and read', async () => {
  const api = createEngineApi(resources);
  expect(text(await typeAll(api, ['echo *.bpf.*']))).toBe('names.bpf.c names.bpf.o\n');
  const { scenario: after, sessions, ...read } = await typeAll(api, [PIN, 'cat /sys/fs/bpf/names']);
  expect(after.shell).toEqual([PIN, 'cat /sys/fs/bpf/names']);
  expect(text(read as ShellResult).split('\n')).toContain('cat');
  expect(sessions.map(({ target, reads }) => [target, reads.map(({ size }) => size)])).toEqual([
    ['task', [131_072, 131_072]],
  ]);
});

test('the same journal gives the same bytes on another machine', async () => {
  const lines = [PIN, 'cat /sys/fs/bpf/names | sort | uniq -c', 'ps -ef', 'cat /sys/fs/bpf/names'];
  const [a, b] = [
    await typeAll(createEngineApi(resources), lines),
    await typeAll(createEngineApi(resources), lines),
  ];
  expect(text(a)).toBe(text(b));
  const api = createEngineApi(resources);
  const jumped = await api.shell(
    { scenario: { ...scenario, shell: lines.slice(0, -1) }, line: lines.at(-1) ?? '' },
    quiet,
  );
  expect(text(jumped)).toBe(text(a));
});

test('moments of a read that cat made are answered: instructions and structs', async () => {
  const api = createEngineApi(resources);
  const { sessions } = await typeAll(api, [PIN, 'cat /sys/fs/bpf/names', 'cat /sys/fs/bpf/names']);
  const [trace] = sessions;
  const shown = Array.from({ length: trace?.length ?? 0 }, (_, call) => call).filter(
    (call) => trace && callRow(trace, call)?.kind === 'show',
  );
  const moment = { session: trace?.session ?? 0, read: 0, call: shown[3] ?? 0 };
  const task = trace ? (callRow(trace, moment.call)?.object ?? 0n) : 0n;
  const steps = await api.steps({ moment }, quiet);
  expect(steps.insns.length).toBeGreaterThan(5);
  const peeked = await api.peek({ moment, struct: 'task_struct', addr: task }, quiet);
  expect(
    JSON.stringify(peeked, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value)),
  ).toContain('comm');
});

test('each read of a line has the picture of its target', async () => {
  const api = createEngineApi(resources);
  const pins = [PIN, 'bpftool iter pin names.bpf.o /sys/fs/bpf/all'];
  const { views, sessions } = await typeAll(api, [...pins, 'cat /sys/fs/bpf/names /sys/fs/bpf/all']);
  expect(sessions).toHaveLength(2);
  for (const { scene } of views) {
    const nodes = scene ? openScene(scene).nodes : [];
    expect(nodes.filter(({ label }) => label === 'cat').length).toBeGreaterThan(0);
  }
  expect(views.map(({ ctx }) => ctx)).not.toContain(0n);
});

test('a cancelled line has not happened', async () => {
  const api = createEngineApi(resources);
  const { scenario: pinned } = await typeAll(api, [PIN]);
  const line = 'cat /sys/fs/bpf/names /sys/fs/bpf/names /sys/fs/bpf/names';
  const stopped = await api.shell({ scenario: pinned, line }, { ...quiet, cancelled: () => true });
  expect([stopped.cancelled, stopped.scenario.shell]).toEqual([true, [PIN]]);
  const again = await api.shell(
    { scenario: stopped.scenario, line: 'cat /sys/fs/bpf/names | head -1' },
    quiet,
  );
  expect(text(again)).toBe('systemd\n');
});

test.each([
  ['bpft', ['bpftool']],
  ['bpftool li', ['link']],
  ['bpftool iter ', ['help', 'pin']],
  ['bpftool link show ', ['id', 'pinned']],
  ['cat /proc/ver', ['/proc/version']],
  ['cat nam', ['names.bpf.c', 'names.bpf.o']],
  ['ls /sys/fs/', ['/sys/fs/bpf/', '/sys/fs/cgroup/']],
  ['echo x | gre', ['grep']],
  ['echo $HO', ['$HOME']],
  ['cat nothing-like-this', []],
])('Tab after `%s`', async (line, candidates) => {
  const api = createEngineApi(resources);
  const offered = await api.complete({ scenario, line, cursor: line.length }, quiet);
  expect(offered.candidates).toEqual(candidates);
});

test('a world that cannot be built is said, not thrown', async () => {
  const api = createEngineApi(resources);
  const bad = await api.shell({ scenario: { ...scenario, world: { name: 'nowhere' } }, line: 'ls' }, quiet);
  expect(bad.error).toMatch(/there is no world 'nowhere'/);
});

test('iterscope shell -c: both channels and the status of the last command', () => {
  expect(iterscope('shell', '--world', 'docs', '-c', 'echo out; cat /nowhere; exit 7')).toEqual({
    status: 7,
    stdout: 'out\n',
    stderr: 'cat: /nowhere: No such file or directory\n',
  });
});

test('iterscope shell takes its lines with -c alone', () => {
  expect(iterscope('shell', 'ls')).toMatchObject({
    status: 2,
    stderr: expect.stringMatching(/takes its lines with -c/) as string,
  });
});

test('the shell sees the files of the folder it was started in', () => {
  const { stdout } = iterscope(
    'shell',
    '--world',
    'docs',
    '-c',
    'ls package.json; head -c 1 package.json; rm package.json; ls package.json; echo $?',
  );
  expect(stdout).toBe('package.json\n{2\n');
});

test('what a line does between two reads is drawn at its moment', async () => {
  const { sessions, views } = await typeAll(createEngineApi(resources), [
    PIN,
    '{ head -c 16; mkdir /tmp/a; cat | wc -l; } < /sys/fs/bpf/names',
  ]);
  const [trace, scene] = [sessions[0], views[0]?.scene];
  if (!trace || !scene) throw new Error('nothing was drawn');
  expect(trace.changes).toEqual([
    {
      call: trace.reads[1]?.firstCall,
      text: expect.stringMatching(/^since the last read new: .*\d cat\b.*\d wc\b.*; gone: .*\d head\b/),
    },
  ]);
  const { nodes, changes } = openScene(scene);
  const wc = nodes.find(({ kind, detail }) => kind === 'item' && detail === 'wc');
  expect(changes?.rows.filter(({ of, id }) => of === 'node' && id === wc?.id)).toMatchObject([
    { call: trace.reads[1]?.firstCall, there: true },
  ]);
});
