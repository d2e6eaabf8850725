/** A reader program behind the protocol: its lines and the kernel's callbacks on one timeline. */
import { expect, test } from 'vitest';
import { resources } from '../../../app/resources.ts';
import { lastCall, placeAt, placeCount, placeOfCall, placeOfLine } from '../../protocol/reader.ts';
import type { ReaderTrace } from '../../protocol/reader.ts';
import type { Scenario } from '../../protocol/scenario.ts';
import { openScene } from '../../protocol/scene_columns.ts';
import type { CallContext } from '../../protocol/server.ts';
import type { SessionTrace } from '../../protocol/trace.ts';
import { callRow } from '../../protocol/trace.ts';
import { createEngineApi } from '../machine_api.ts';

const BPF = `
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
char LICENSE[] SEC("license") = "GPL";
SEC("iter/task")
int dump(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;

	if (task && task->pid <= 2)
		BPF_SEQ_PRINTF(ctx->meta->seq, "%d\\n", task->pid);
	return 0;
}
`;
const READER = `#include <stdio.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

static int twice(int n)
{
	return 2 * n;
}

int main(void)
{
	struct bpf_object *obj = bpf_object__open("task.bpf.o");
	char buf[4096];
	int n;

	bpf_object__load(obj);
	struct bpf_link *link = bpf_program__attach(bpf_object__next_program(obj, NULL));
	int fd = bpf_iter_create(bpf_link__fd(link));
	n = read(fd, buf, sizeof(buf));
	printf("%d\\n", twice(n));
	return 0;
}
`;
const scenario: Scenario = {
  world: { name: 'demo' },
  source: { path: 'task.bpf.c', text: BPF },
  options: {},
};
const context = (cancelled = false): CallContext => ({
  cancelled: () => cancelled,
  progress: () => undefined,
  breathe: () => Promise.resolve(),
});

/** `20 main`, `start`, ... in the order of the timeline. */
function timeline(trace: ReaderTrace, sessions: readonly SessionTrace[]): string[] {
  return Array.from({ length: placeCount(trace) }, (_, i) => {
    const place = placeAt(trace, i);
    if (place?.kind === 'line')
      return `${trace.line[place.step]} ${trace.functions[trace.function[place.step] ?? 0]}`;
    const session = sessions.find((each) => each.session === place?.session);
    return (session && place && callRow(session, place.call)?.kind) ?? '?';
  });
}

test('lines of the reader, and between them the callbacks of its read', async () => {
  const api = createEngineApi(resources);
  const { trace, sessions, stdout, status, crash } = await api.exec(
    { scenario, reader: { path: 'reader.c', text: READER } },
    context(),
  );
  expect({ stdout, status, crash }).toEqual({ stdout: '8\n', status: 0, crash: null });
  if (!trace) throw new Error('no trace');
  const places = timeline(trace, sessions);
  const read = places.indexOf('20 main');
  expect(places.slice(0, read + 1)).toEqual(['13 main', '17 main', '18 main', '19 main', '20 main']);
  const after = places.indexOf('21 main');
  const calls = places.slice(read + 1, after);
  expect(calls.slice(0, 4)).toEqual(['start', 'show', 'next', 'show']);
  expect(calls.slice(-2)).toEqual(['stop', 'copy']);
  expect(calls).toHaveLength(sessions[0]?.length ?? -1);
  expect(places.slice(after)).toContain('8 twice');
  const inTwice = trace.functions.indexOf('twice');
  const step = trace.function.indexOf(inTwice);
  expect([trace.depth[step], trace.depth[0]]).toEqual([1, 0]);
  expect(placeAt(trace, placeOfLine(trace, step))).toEqual({ kind: 'line', step });

  // The walk's moments can be asked for, as those of a run.
  const session = sessions[0]?.session ?? 0;
  const steps = await api.steps({ moment: { session, read: 0, call: 1 } }, context());
  expect(steps.insns.length).toBeGreaterThan(3);
});

test('moments of a reader that reads in pieces are the same forth and back', async () => {
  const api = createEngineApi(resources);
  const one = 'n = read(fd, buf, sizeof(buf));';
  const text = READER.replace(one, 'while ((n = read(fd, buf, 2)) > 0)\n\t\tputs("more");');
  expect(text).not.toBe(READER);
  const { sessions, views, stdout } = await api.exec(
    { scenario, reader: { path: 'reader.c', text } },
    context(),
  );
  expect(stdout).toBe('more\nmore\n0\n');
  const [trace] = sessions;
  if (!trace) throw new Error('nothing was read');
  const { session, length } = trace;
  /** The context, and the seq_file behind it. */
  const at = async (call: number) => {
    const moment = { session, read: 0, call };
    const ctx = await api.peek({ moment, struct: 'bpf_iter__task', addr: views[0]?.ctx ?? 0n }, context());
    const follow = async (from: typeof ctx, field: string): Promise<typeof ctx> => {
      const pointer = from?.fields.find(({ path }) => path === field)?.pointer;
      return pointer ? await api.peek({ moment, ...pointer }, context()) : null;
    };
    const seq = await follow(await follow(ctx, 'meta'), 'seq');
    const steps = await api.steps({ moment }, context());
    return { ctx: ctx?.fields, seq: seq?.fields, insns: steps.insns };
  };
  const forth: Awaited<ReturnType<typeof at>>[] = [];
  for (let call = 0; call < length; call++) forth.push(await at(call));
  // The program was called, and what it wrote is counted.
  expect(
    new Set(forth.map(({ seq }) => seq?.find(({ path }) => path === 'count')?.value)).size,
  ).toBeGreaterThan(2);
  expect(forth.some(({ insns }) => insns.length > 3)).toBe(true);
  for (let call = length - 1; call >= 0; call -= 3) expect(await at(call)).toEqual(forth[call]);
});

test('a place of the timeline is a moment of the walk, and the moment is that place', async () => {
  const api = createEngineApi(resources);
  const { trace, sessions, views } = await api.exec(
    { scenario, reader: { path: 'reader.c', text: READER } },
    context(),
  );
  if (!trace) throw new Error('it was not run');
  const { session, length } = sessions[0] ?? { session: 0, length: 0 };
  const places = Array.from({ length: placeCount(trace) }, (_, place) => placeAt(trace, place));
  const calls = places.map((here) => (here?.kind === 'call' ? here : null));
  expect(calls.map((here) => here && placeOfCall(trace, here.session, here.call))).toEqual(
    calls.map((here, place) => here && place),
  );
  expect(places.map((_, place) => lastCall(trace, place))).toEqual(
    places.map((_, place) => calls.slice(0, place + 1).findLast((here) => here !== null) ?? null),
  );
  expect(lastCall(trace, placeCount(trace) - 1)).toEqual({ kind: 'call', session, call: length - 1 });
  expect(placeOfCall(trace, session, length)).toBeNull();

  // The picture that the walk went through: the reader is a process in it.
  const scene = views[0]?.scene;
  const nodes = scene ? openScene(scene).nodes : [];
  expect(nodes.map(({ label }) => label)).toContain('reader');
  expect(views[0]?.ctx).not.toBe(0n);
});

test('a program that crashes, one that does not compile, and one that is cancelled', async () => {
  const api = createEngineApi(resources);
  const crash = await api.exec(
    { scenario, reader: { path: 'reader.c', text: 'int main(void)\n{\n\treturn *(int *)0;\n}\n' } },
    context(),
  );
  expect(crash).toMatchObject({
    status: 139,
    crash: { signal: 11, location: { file: 'reader.c', line: 3, function: 'main' }, stopped: '' },
  });
  const wrong = await api.exec(
    { scenario, reader: { path: 'reader.c', text: 'int main(void) { retrun 0; }' } },
    context(),
  );
  expect(wrong).toMatchObject({ status: null, trace: null });
  expect(wrong.diagnostics[0]).toMatchObject({ file: 'reader.c', severity: 'error' });
  const endless = 'int main(void)\n{\n\tfor (volatile int i = 0;; i++)\n\t\t;\n}\n';
  expect(
    await api.exec({ scenario, reader: { path: 'reader.c', text: endless } }, context(true)),
  ).toMatchObject({ cancelled: true, status: null });
});

test('the variables of a line: those of its function, as they are before it runs', async () => {
  const api = createEngineApi(resources);
  const { trace } = await api.exec({ scenario, reader: { path: 'reader.c', text: READER } }, context());
  if (!trace) throw new Error('it was not run');
  const lines = READER.split('\n');
  const at = (part: string): Record<string, string> => {
    const line = lines.findIndex((text) => text.includes(part)) + 1;
    const values = trace.values[trace.line.indexOf(line)] ?? [];
    return Object.fromEntries(values.map(({ name, value }) => [name, value]));
  };
  expect(at('return 2 * n')).toEqual({ n: '4' });
  const { obj, link, fd, n, buf } = at('twice(n));');
  expect({ n, buf }).toEqual({ n: '4', buf: '"1\\n2\\n"' });
  expect([obj, link]).toEqual([
    expect.stringMatching(/^0x[0-9a-f]+$/),
    expect.stringMatching(/^0x[0-9a-f]+$/),
  ]);
  expect(Number(fd)).toBeGreaterThan(2);
  expect(Object.keys(at('bpf_object__load(obj)')).sort()).toEqual(['buf', 'n', 'obj']);
});

test('what the reader does between two reads is drawn at its moment, and said', async () => {
  const api = createEngineApi(resources);
  const files = BPF.replaceAll('iter/task"', 'iter/task_file"').replaceAll('iter__task ', 'iter__task_file ');
  const source = { path: 'task.bpf.c', text: files.replace('task->pid <= 2', 'task->pid > 2') };
  const one = 'n = read(fd, buf, sizeof(buf));';
  const text = READER.replace(
    one,
    'n = read(fd, buf, 64);\n\tn = read(fd, buf, 64);\n\tdup2(1, 77);\n\tn = read(fd, buf, 64);\n\tclose(77);\n\tn = read(fd, buf, 64);',
  );
  const { sessions, views } = await api.exec(
    { scenario: { ...scenario, source }, reader: { path: 'reader.c', text } },
    context(),
  );
  const [trace, scene] = [sessions[0], views[0]?.scene];
  if (!trace || !scene) throw new Error('nothing was drawn');
  const firstOf = (read: number): number => trace.reads[read]?.firstCall ?? -1;
  expect(trace.changes.map(({ call, text: said }) => [call, said.replace(/^.*?read /, '')])).toEqual([
    [firstOf(2), expect.stringMatching(/^new: fd 77/)],
    [firstOf(3), expect.stringMatching(/^gone: fd 77/)],
  ]);
  const { nodes, changes } = openScene(scene);
  const slot = nodes.find(({ kind, key }) => kind === 'slot' && key === 77);
  expect(
    changes?.rows.flatMap(({ of, id, call, there }) =>
      of === 'node' && id === slot?.id ? [[call, there]] : [],
    ),
  ).toEqual([
    [firstOf(2), true],
    [firstOf(3), false],
  ]);
});

test('all functions that run, with their variables, at any line of a long run', async () => {
  const api = createEngineApi(resources);
  expect(await api.readerFrames({ from: 0, count: 1 }, context())).toBeNull();
  const text = `static int add(int *sum, int n)
{
	*sum += n;
	return *sum;
}

int main(void)
{
	int sum = 0;

	for (int i = 0; i < 6000; i++) {
		add(&sum, i);
	}
	return 0;
}
`;
  const { trace, status } = await api.exec({ scenario, reader: { path: 'reader.c', text } }, context());
  if (!trace) throw new Error('it was not run');
  expect(status).toBe(0);
  expect(trace.length).toBeGreaterThan(trace.values.length);
  const first = await api.readerFrames({ from: 0, count: 300 }, context());
  expect(first?.map(([innermost]) => innermost?.values)).toEqual(trace.values.slice(0, 300));
  expect(first?.map((frames) => frames.length - 1)).toEqual(Array.from(trace.depth.subarray(0, 300)));
  // Forth, back, and to the end: `return *sum` of a turn has added that turn's number.
  const returns = [...trace.line.keys()].filter((step) => trace.line[step] === 4);
  for (const turn of [5999, 10, 4500, 4501]) {
    const from = returns[turn] ?? -1;
    const [frames = []] = (await api.readerFrames({ from, count: 2 }, context())) ?? [];
    const sum = String((turn * (turn + 1)) / 2);
    expect(frames).toMatchObject([
      { function: 'add', line: 4, values: [{ name: 'sum' }, { name: 'n', value: String(turn) }] },
      {
        function: 'main',
        line: 12,
        values: [
          { name: 'sum', value: sum },
          { name: 'i', value: String(turn) },
        ],
      },
    ]);
  }
  expect(await api.readerFrames({ from: trace.length - 1, count: 9 }, context())).toHaveLength(1);
});
