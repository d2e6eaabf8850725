/** The engine as a page uses it: run, then look at moments, forwards and back. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

import { createEngineApi } from '../src/engine/machine_api.ts';
import type { RunResult } from '../src/protocol/api.ts';
import { openScene } from '../src/protocol/scene_columns.ts';
import type { Scenario, WorldRef } from '../src/protocol/scenario.ts';
import type { CallContext } from '../src/protocol/server.ts';
import { callRow } from '../src/protocol/trace.ts';
import type { SessionTrace } from '../src/protocol/trace.ts';
import { iterscope } from './cli/testing.ts';
import { resources } from './resources.ts';
import { heldRows } from '../src/protocol/trace_tables.ts';

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

/** Targets with an example, and what their link needs. */
const EXAMPLES: readonly (readonly [string, Scenario['options']])[] = [
  ['task', {}],
  ['task_file', {}],
  ['task_vma', {}],
  ['bpf_map', {}],
  ['bpf_prog', {}],
  ['bpf_link', {}],
  ['bpf_map_elem', { attach: { map: 'scores' }, fill: [['scores', 12]] }],
  ['bpf_map_elem', { attach: { map: 'levels' }, fill: [['levels', 5]] }],
  ['cgroup', { attach: { order: 'pre' } }],
  ['cgroup', { attach: { order: 'post', cgroup: 'system.slice' } }],
  ['cgroup', { attach: { order: 'up', cgroup: 'pods/app' } }],
  ['ksym', {}],
];
const run = async (name: string, options: Scenario['options'] = {}): Promise<RunResult> =>
  await createEngineApi(resources).run({ scenario: scenario(name, options) }, context());

/** Options as the command line takes them. */
const words = ({ attach = {}, fill = [] }: Scenario['options']): readonly string[] => [
  ...Object.entries(attach).flatMap(([name, value]) => [`--${name}`, String(value)]),
  ...fill.flatMap(([map, count]) => ['--fill', `${map}:${count}`]),
];

test.for(EXAMPLES)('%s %j: the page prints what the command line prints', async ([name, options]) => {
  // A cgroup walk has to end in the read it began in.
  const readSize = name === 'cgroup' ? 4096 : 300;
  const { report } = await run(name, { ...options, readSize });
  const path = join(import.meta.dirname, 'examples', `${name}.bpf.c`);
  const said = iterscope('run', path, '--read-size', String(readSize), ...words(options));
  expect(said.stderr).toBe('');
  expect(report.output).toBe(said.stdout);
  expect(report.output.split('\n').length).toBeGreaterThan(2);
});

test('the trace accounts for every byte that was read', async () => {
  const api = createEngineApi(resources);
  const result = await api.run({ scenario: scenario('task_file', { readSize: 500 }) }, context());
  const trace = first(result);
  const copied = rows(trace)
    .filter(({ kind }) => kind === 'copy')
    .reduce((sum, { result }) => sum + result, 0);
  expect(copied).toBe(result.report.output.length);
  expect(trace.reads.map(({ ret }) => ret)).toEqual(result.report.reads.map(({ ret }) => ret));
  const written = trace.writes.bytes.reduce((sum, bytes) => sum + bytes, 0);
  expect(written).toBe(copied);
});

test('what a walk takes it gives back', async () => {
  for (const name of ['task', 'task_file', 'task_vma']) {
    const trace = first(await createEngineApi(resources).run({ scenario: scenario(name) }, context()));
    const held = new Map<string, number>();
    for (const { kind, object, delta } of heldRows(trace.held))
      held.set(`${kind} ${object}`, (held.get(`${kind} ${object}`) ?? 0) + delta);
    expect([...held].filter(([, count]) => count !== 0)).toEqual([]);
    expect(trace.held.call.length).toBeGreaterThan(10);
  }
});

test('a moment looks the same from whichever side it is reached', async () => {
  const api = createEngineApi(resources);
  const result = await api.run({ scenario: scenario('task_file', { readSize: 400 }) }, context());
  const trace = first(result);
  const shows = rows(trace).flatMap((row, call) => (row.kind === 'show' ? [{ row, call }] : []));
  const look = async (call: number) => {
    const moment = { session: trace.session, read: 0, call };
    const ctx = await api.peek(
      { moment, struct: 'bpf_iter__task_file', addr: result.views[0]?.ctx ?? 0n },
      context(),
    );
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

test('variables stand beside the lines with what they held there', async () => {
  const { text = '' } = scenario('task_file').source;
  const api = createEngineApi(resources);
  const result = await api.run({ scenario: scenario('task_file', { readSize: 400 }) }, context());
  const trace = first(result);
  const shows = rows(trace).flatMap((row, call) =>
    row.kind === 'show' && row.object !== 0n ? [{ row, call }] : [],
  );
  for (const { row, call } of shows.filter((_, i) => i % 9 === 0)) {
    const moment = { session: trace.session, read: 0, call };
    const { lines } = await api.variables({ moment }, context());
    const beside = (part: string) => {
      const line = text.split('\n').findIndex((one) => one.includes(part)) + 1;
      return Object.fromEntries(
        (lines.find((one) => one.line === line)?.values ?? []).map(({ name, value }) => [name, value]),
      );
    };
    expect(beside('__u32 fd = ctx->fd;')['fd']).toBe(String(row.key));
    expect(beside('struct file *file = ctx->file;')['file']).toBe(`0x${row.object.toString(16)}`);
    // Before its first line has run, a line has no values.
    const early = await api.variables({ moment: { ...moment, insn: 0 } }, context());
    expect(early.lines.flatMap(({ values }) => values.map(({ name }) => name))).not.toContain('fd');
  }
});

const sceneIn = ({ views }: RunResult) => views[0]?.scene ?? null;
const nodesOf = (result: RunResult) => {
  const scene = sceneIn(result);
  return scene ? openScene(scene).nodes : [];
};

test.for(EXAMPLES)('%s %j: every object that was shown is in the picture', async ([name, options]) => {
  const result = await run(name, options);
  expect(result.report.stage).toBe('done');
  const shown = rows(first(result)).filter(({ kind }) => kind === 'show');
  const nodes = nodesOf(result);
  const places = new Set(nodes.map(({ addr, owner, key }) => `${addr} ${owner} ${key}`));
  const known = new Set(nodes.map(({ addr }) => addr));
  // Where one record stands for every object, the place tells them apart.
  const drawn = ({ object, owner, key }: (typeof shown)[number]) =>
    name === 'ksym' ? places.has(`${object} ${owner} ${key}`) : known.has(object);
  expect(shown.filter((row) => !drawn(row))).toEqual([]);
  expect(shown.length).toBeGreaterThan(0);
});

const SOCKET_TARGETS: readonly string[] = ['tcp', 'udp', 'unix', 'netlink'];

test.for(SOCKET_TARGETS)(
  '%s: every socket that was shown is in its bucket, and rows are in the order of the walk',
  async (name) => {
    const result = await createEngineApi(resources).run(
      { scenario: { ...scenario(name), world: { name: 'sockets' } } },
      context(),
    );
    const shown = rows(first(result)).filter(({ kind }) => kind === 'show');
    const places = new Map(
      nodesOf(result)
        .filter(({ kind, reason }) => kind === 'item' && reason === '')
        .toSorted((a, b) => a.y - b.y || a.x - b.x)
        .map(({ addr }, i) => [addr, i] as const),
    );
    expect(shown.map(({ object }) => places.get(object))).toEqual(shown.map((_, i) => i));
    expect(places.size).toBe(shown.length);
    expect(shown.length).toBeGreaterThan(5);
  },
);

/** Texts of the objects' boxes from top to bottom, then left to right. */
const boxes = (result: RunResult): readonly string[] =>
  nodesOf(result)
    .filter(({ kind, w }) => kind === 'item' && w > 84)
    .toSorted((a, b) => a.y - b.y || a.x - b.x)
    .map(({ label }) => label);

test('reading a map picture as one reads a page gives the order of the walk', async () => {
  for (const map of ['scores', 'levels']) {
    const result = await run('bpf_map_elem', { attach: { map }, fill: [[map, 12]] });
    const keys = result.report.output.split('\n').slice(1, 13);
    expect(boxes(result).map((label) => label.replace(/[^0-9]/g, ''))).toEqual(
      keys.map((line) => line.trim().split(/ +/)[0]),
    );
  }
});

test('the numbers of the order are those of the walk, and what it leaves out says so', async () => {
  const attach = { order: 'post', cgroup: 'system.slice' } as const;
  const result = await run('cgroup', { attach });
  const nodes = nodesOf(result);
  const order = new Map(
    nodes.flatMap(({ kind, w, addr, label }) => (kind === 'item' && w < 84 ? [[addr, label] as const] : [])),
  );
  const shown = rows(first(result)).filter(({ kind }) => kind === 'show');
  expect(shown.map(({ object }) => order.get(object))).toEqual(shown.map((_, i) => String(i + 1)));
  const outside = nodes.filter(({ reason }) => reason.startsWith('outside'));
  expect(outside.map(({ label }) => label)).toContain('user.slice');
  expect(outside.length + shown.length).toBe(boxes(result).length);
});

test('counters in the picture are those before the walk, which holds one more while it shows', async () => {
  const result = await run('bpf_prog');
  const cards = nodesOf(result).filter(({ detail }) => detail.startsWith('iter/'));
  const printed = result.report.output.split('\n').slice(1, -1);
  expect(cards.length).toBe(3);
  cards.forEach(({ label, detail }, i) => {
    const [, , , refcnt, name] = printed[i]?.trim().split(/ +/) ?? [];
    expect(name).toBe(label);
    expect(detail.endsWith(`refcnt ${Number(refcnt) - 1}`)).toBe(true);
  });
});

test('a map that three programs use stands once, with three arrows into it', async () => {
  const scene = sceneIn(await run('bpf_prog'));
  if (!scene) throw new Error('no picture');
  const { nodes, edges } = openScene(scene);
  const bss = nodes.filter(({ label }) => label === 'bpf_prog.bss');
  expect(bss.length).toBe(1);
  expect(edges.filter(({ to }) => to === bss[0]?.id).length).toBe(3);
});

test('a cancelled run gives what there was', async () => {
  const api = createEngineApi(resources);
  const result = await api.run({ scenario: scenario('task_vma', { readSize: 64 }) }, context(0));
  expect(result.cancelled).toBe(true);
  expect(first(result).length).toBeGreaterThan(0);
});

const GONE = 'nothing changes a world between a batch and its turn';
/** Ways through read(2) that no task target can take, with the reason. */
const UNREACHED: Readonly<Record<string, string>> = {
  'read.skipped': 'only socket targets pass an object over',
  'tcp.gone': GONE,
  'udp.gone': GONE,
  'unix.gone': GONE,
  'read.visited': 'needs a million objects without text',
};

type Options = Scenario['options'];
const TASK_ATTACHES: readonly Options[] = [{}, { pid: 1 }, { tid: 1 }, { pid: 99999 }].map((attach) => ({
  attach,
}));
const TASK_MODES = ['0', '1', '2', '3', '4', '5', '6'];
/** What each target is walked with. Ways through read(2) are the same for all: the others take a few. */
const WALKS: readonly (readonly [string, readonly Options[], readonly string[]])[] = [
  ['task', TASK_ATTACHES, TASK_MODES],
  ['task_file', TASK_ATTACHES, TASK_MODES],
  ['task_vma', TASK_ATTACHES, TASK_MODES],
  ['bpf_map', [{}], ['0', '2']],
  ['bpf_prog', [{}], ['0', '2']],
  ['bpf_link', [{}], ['0', '2']],
  ['bpf_map_elem', [{ attach: { map: 'table' }, fill: [['table', 5]] }], ['0', '2']],
  ['cgroup', [{ attach: { order: 'pre' } }], ['0', '2']],
  ['ksym', [{}], ['0', '2']],
  ['tcp', [{}], ['0', '2']],
  ['udp', [{}], ['0', '2']],
  ['unix', [{}], ['0', '2']],
  ['netlink', [{}], ['0', '2']],
];

/** Ids of the lines that are drawn for a target, and of those that its walks came by. */
/** The document's world, in which pid 1 maps memory while its address space is walked. */
function contended(): WorldRef {
  const world = JSON.parse(resources.world('docs') ?? '{}') as object;
  const at = { session: 1, call: 2, when: 'after' };
  const change = { at, do: 'mmap', pid: 1, start: '0x10000000', end: '0x10001000', perms: 'r--p' };
  return { name: 'contended', text: JSON.stringify({ ...world, script: [change] }) };
}

async function linesOf([target, attaches, modes]: (typeof WALKS)[number]) {
  const text = readFileSync(join(import.meta.dirname, 'testdata', 'every_line.bpf.c'), 'utf8');
  const plain = { name: SOCKET_TARGETS.includes(target) ? 'sockets' : 'demo' };
  const api = createEngineApi(resources);
  const code = await api.pseudoCode({ target }, context());
  const reached = new Set<string>();
  const source = { path: 'every_line.bpf.c', text };
  const walk = async (world: WorldRef, attach: Options, mode: string, readSize: number): Promise<void> => {
    const set = [['mode', mode]] as const;
    const options = { ...attach, prog: `walk_${target}`, readSize, maxReads: 40, set };
    const { sessions } = await api.run(
      { scenario: { ...scenario('task'), world, source, options } },
      context(),
    );
    for (const { lines } of sessions) for (const id of lines.ids) reached.add(id);
  };
  for (const attach of attaches)
    for (const mode of modes) for (const readSize of [20, 4096]) await walk(plain, attach, mode, readSize);
  if (target === 'task_vma') await walk(contended(), { attach: { pid: 1 } }, '0', 4096);
  return { drawn: code.flatMap(({ lines }) => lines.map(({ id }) => id)), reached };
}

test.for(WALKS)('%s: every line of the algorithm is drawn, and every line drawn is reached', async (walk) => {
  const [target, , modes] = walk;
  const { drawn, reached } = await linesOf(walk);
  expect([...reached].filter((id) => !drawn.includes(id))).toEqual([]);
  const own = modes === TASK_MODES ? drawn : drawn.filter((id) => id.startsWith(`${target}.`));
  expect(own.length).toBeGreaterThan(3);
  expect(own.filter((id) => !reached.has(id) && !(id in UNREACHED))).toEqual([]);
  expect(Object.keys(UNREACHED).filter((id) => reached.has(id))).toEqual([]);
});

test('a line of the program is found in every call that comes to it, some thousand callbacks at a time', async () => {
  const api = createEngineApi(resources);
  const text = 'BPF_SEQ_PRINTF(seq, "%8d';
  const asked = scenario('task_file');
  const line = (asked.source.text ?? '').split(text)[0]?.split('\n').length ?? 0;
  const { sessions } = await api.run({ scenario: { ...asked, world: { name: 'big:3000' } } }, context());
  const [trace] = sessions;
  // It writes a row for whatever object it is shown.
  const wrote = rows(trace!).flatMap(({ kind, insns }, call) => (kind === 'show' && insns > 0 ? [call] : []));
  const found: number[] = [];
  let windows = 0;
  for (let from = 0; from < Infinity; windows++) {
    const { places, until } = await api.reaches({ session: trace!.session, lines: [line], from }, context());
    expect(places.every(({ call }) => call >= from && call < until)).toBe(true);
    found.push(...places.map(({ call }) => call));
    from = until;
  }
  expect(trace!.length).toBeGreaterThan(2_500);
  expect(windows).toBeGreaterThan(1);
  expect(found).toEqual([...new Set(found)].sort((a, b) => a - b));
  expect(found).toEqual(wrote);
  // From the middle, as who has gone there asks.
  const middle = await api.reaches({ session: trace!.session, lines: [line], from: 900 }, context());
  expect(middle.places.map(({ call }) => call)).toEqual(
    found.filter((call) => call >= 900 && call < middle.until),
  );
});
