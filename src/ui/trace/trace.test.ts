import { describe, expect, test } from 'vitest';
import { Errno } from '../../shared/errno.ts';
import type { SceneNode } from '../../protocol/scene.ts';
import { packScene } from '../../protocol/scene_columns.ts';
import { diffLines, runNumbers } from './compare.ts';
import { describeMoment } from './describe.ts';
import { foldTrace } from './fold.ts';
import type { Folded } from './fold.ts';
import { HELD_KINDS } from '../../protocol/trace.ts';
import { heldAt, heldBars } from './held.ts';
import { litLines } from './kernel_lines.ts';
import { namesOf } from './names.ts';
import { nowAt, stateOf } from './object_state.ts';
import type { ObjectState } from './object_state.ts';
import { ObjectRows, rowAt } from './object_rows.ts';
import { OutputLines, producedAt, takenBack, writtenBy } from './output.ts';
import { Picture } from './picture.ts';
import { objectAddr, ownerAddr, sketch } from './sketch.ts';
import { bins, ownerSpans, shares } from './timeline.ts';
import { step } from './units.ts';
import { whyCall } from './why.ts';

/** Two records of 30 bytes, read 50 at a time: the second read takes only what was left over. */
const twoReads = sketch(
  50,
  `start A/0
   show A/0 +30 x12
   next A/1
   show A/1 +30 x12
   next B/0
   stop B/0
   copy
   |
   copy
   |
   start B/0
   show B/0 x5
   next
   stop =1 x3
   copy
   |`,
);
const f = foldTrace(twoReads);
const at = (call: number, insn: number | null = null) => ({ call, insn });

const node = (id: number, patch: Partial<SceneNode>): SceneNode => ({
  id,
  kind: 'slot',
  addr: 0n,
  key: 0,
  label: '',
  detail: '',
  parent: -1,
  owner: 0n,
  reason: '',
  struct: '',
  x: 0,
  y: 0,
  w: 10,
  h: 10,
  ...patch,
});
const slot = (id: number, letter: string, key: number, patch: Partial<SceneNode> = {}): SceneNode =>
  node(id, { key, owner: ownerAddr(letter), addr: objectAddr(letter, key), label: String(key), ...patch });
const scene = new Picture(
  packScene({
    target: 'task_file',
    width: 100,
    height: 100,
    columns: [],
    nodes: [
      node(0, { kind: 'task', addr: ownerAddr('A'), key: 7, label: 'bash' }),
      slot(1, 'A', 0, { parent: 0 }),
      slot(2, 'A', 1, { parent: 0 }),
      node(3, { kind: 'task', addr: ownerAddr('B'), key: 8, label: 'cat' }),
      slot(4, 'B', 0, { parent: 3 }),
      slot(5, 'B', 9, { parent: 3, reason: 'outside pid 7' }),
      node(6, { kind: 'thread', addr: 99n, reason: 'same files: skipped' }),
      node(7, { kind: 'file', addr: objectAddr('A', 0), label: '/dev/null' }),
      node(8, { kind: 'inode', addr: 5n, label: 'ino 5' }),
      node(9, { kind: 'end', label: 'end' }),
      node(10, { kind: 'file', addr: objectAddr('B', 9), label: '/tmp/left' }),
    ],
    edges: [
      { from: 1, to: 7, via: 'fdt->fd[0]' },
      { from: 7, to: 8, via: 'f_inode' },
      { from: 5, to: 10, via: 'fdt->fd[9]' },
    ],
  }),
);
/** States of all nodes, as the picture would show them. */
const statesAt = (folded: Folded, call: number): readonly ObjectState[] => {
  const now = nowAt(folded, scene, call);
  return Array.from({ length: scene.length }, (_, id) => stateOf(folded, scene, scene.node(id)!, now));
};
const names = (call: number) => statesAt(f, call).map((state) => state.name);

describe('stepping', () => {
  test('by object goes from show to show and then to the call with NULL', () => {
    const stops = [at(0)];
    for (let i = 0; i < 5; i++) stops.push(step(f, stops.at(-1) ?? at(0), 'object', 1));
    expect(stops.map((p) => p.call)).toEqual([0, 1, 3, 9, 11, 12]);
  });
  test('back by object from between two shows goes to the earlier one', () => {
    expect(step(f, at(5), 'object', -1)).toEqual(at(3));
    expect(step(f, at(3), 'object', -1)).toEqual(at(1));
    expect(step(f, at(1), 'object', -1)).toEqual(at(0));
  });
  test('by read stops at the last call of each read, a read that only copies among them', () => {
    expect(step(f, at(0), 'read', 1).call).toBe(6);
    expect(step(f, at(6), 'read', 1).call).toBe(7);
    expect(step(f, at(12), 'read', 1).call).toBe(12);
  });
  test('by insn goes through one program and on to the next, and the same way back', () => {
    expect(step(f, at(0), 'insn', 1)).toEqual(at(1, 0));
    expect(step(f, at(1, 11), 'insn', 1)).toEqual(at(3, 0));
    expect(step(f, at(3, 0), 'insn', -1)).toEqual(at(1, 11));
    expect(step(f, at(11, 2), 'insn', 1)).toEqual(at(12));
  });
});

describe('what an object is', () => {
  test('the cursor holds what next delivered, before it is shown; a file of a task that is left out is left out', () => {
    expect(names(2)).toEqual([
      'plain',
      'visited',
      'current',
      'plain',
      'will-visit',
      'out-of-range',
      'skipped',
      'visited',
      'plain',
      'will-visit',
      'out-of-range',
    ]);
  });
  test('stop gives the object back: it will be visited again', () => {
    expect(names(4)[4]).toBe('current');
    expect(names(5)[4]).toBe('will-visit');
    expect(names(8)[4]).toBe('current');
  });
  test('a file is current while one of the slots is, and its inode is what it points to', () => {
    const states = statesAt(f, 1);
    expect(states.map((s) => s.name).slice(7, 9)).toEqual(['current', 'reached']);
    expect(states[0]?.active).toBe(true);
    expect(states[3]?.active).toBe(false);
  });
  test('bytes belong to the object that wrote them; an object without output is visited all the same', () => {
    const states = statesAt(f, 12);
    expect([states[1], states[4]].map((s) => [s?.name, s?.bytes, s?.visits])).toEqual([
      ['visited', 30, 1],
      ['visited', 0, 1],
    ]);
    expect(states[9]?.name).toBe('visited');
  });
  test('a record that was taken back leaves its object to be shown again', () => {
    const retry = foldTrace(
      sketch(
        4096,
        `start A/0
         show A/0 +30
         next A/1
         show A/1 +10 =-${Errno.EAGAIN}
         stop A/1
         copy
         |
         start A/1
         show A/1 +10
         next
         stop =1
         copy
         |`,
      ),
    );
    const state = (call: number) => statesAt(retry, call)[2]?.name;
    expect([3, 4, 7, 9].map(state)).toEqual(['current', 'rolled-back', 'current', 'visited']);
    expect(takenBack(retry, 3)).toBe(10);
    expect(producedAt(retry, 5)).toBe(30);
  });
});

describe('output', () => {
  const text = 'a'.repeat(29) + '\n' + 'b'.repeat(29) + '\n';
  test('a read that ends inside a line is marked at that line', () => {
    const lines = new OutputLines(f, text);
    expect([0, 1].map((i) => lines.line(i).boundaries.map((b) => [b.read, b.at]))).toEqual([
      [],
      [
        [0, 50],
        [1, 60],
        [2, 60],
      ],
    ]);
    expect(lines.length).toBe(2);
    expect(lines.line(1)).toMatchObject({ from: 30, to: 60, text: 'b'.repeat(29) });
  });
  test('a read that ends behind the text has a line of its own', () => {
    const lines = new OutputLines(f, text.slice(0, 40));
    expect(lines.length).toBe(3);
    expect([1, 2].map((i) => lines.line(i).text)).toEqual(['b'.repeat(10), '']);
    expect(lines.line(2).boundaries.map(({ read }) => read)).toEqual([0, 1, 2]);
    expect([0, 30, 31, 41].map((offset) => lines.at(offset))).toEqual([0, 0, 1, 0]);
  });
  test('what is in the buffer counts as produced, once', () => {
    expect([0, 1, 3, 6, 7, 12].map((call) => producedAt(f, call))).toEqual([0, 30, 60, 60, 60, 60]);
  });
  test('a show owns the bytes that it added', () => {
    expect(writtenBy(f, 3)).toEqual({ from: 30, to: 60 });
    expect(writtenBy(f, 4)).toBeNull();
    expect(writtenBy(f, 9)).toBeNull();
  });
});

test('what is held is the sum of what was taken and given back', () => {
  const file = objectAddr('A', 0);
  const trace = sketch(50, 'start A/0\nshow A/0\nnext\nstop\ncopy\n|', {
    held: [
      { call: 0, kind: 'task usage', object: ownerAddr('A'), delta: 1 },
      { call: 0, kind: 'file f_count', object: file, delta: 1 },
      { call: 2, kind: 'file f_count', object: file, delta: -1 },
      { call: 3, kind: 'task usage', object: ownerAddr('A'), delta: -1 },
    ],
  });
  expect([0, 1, 2, 3].map((call) => heldAt(trace, call).map((h) => h.kind))).toEqual([
    ['task usage', 'file f_count'],
    ['task usage', 'file f_count'],
    ['task usage'],
    [],
  ]);
  const { kind, from, to } = heldBars(trace);
  expect(Array.from(kind, (of, i) => [HELD_KINDS[of], from[i], to[i]])).toEqual([
    ['task usage', 0, 3],
    ['file f_count', 0, 2],
  ]);
});

test('the last line reached in each function is the current one', () => {
  const trace = sketch(50, 'start A/0\nshow A/0\n|', {
    lines: [
      { call: 0, line: 'read.lock' },
      { call: 0, line: 'read.start' },
      { call: 0, line: 'task_file.start.task' },
      { call: 1, line: 'read.first' },
    ],
  });
  expect([...litLines(trace, 0).now]).toEqual(['read.start', 'task_file.start.task']);
  expect([...litLines(trace, 0).passed]).toEqual(['read.lock']);
  expect([...litLines(trace, 1).now]).toEqual(['read.first']);
});

describe('timeline', () => {
  test('a stop among many calls in a column is seen, and does not stand for all of them', () => {
    expect(bins(twoReads, 0, twoReads.length, 1000)).toHaveLength(twoReads.length);
    const rows = ['start A/0', ...Array.from({ length: 500 }, (_, i) => `show A/${i} +1\nnext A/${i + 1}`)];
    const long = sketch(500, `${rows.join('\n')}\nstop\ncopy\n|`);
    const [column] = bins(long, 0, long.length, 1);
    expect(column?.counts).toEqual([1, 500, 500, 1, 1]);
    const parts = column ? shares(column, 20, 2) : [];
    expect(parts.map((part) => part.kind)).toEqual(['next', 'show', 'copy', 'start', 'stop']);
    expect(parts.at(-1)?.height).toBeCloseTo(2, 1);
    expect(parts.find((part) => part.kind === 'show')?.height).toBeGreaterThan(6);
    expect(parts.reduce((sum, part) => sum + part.height, 0)).toBeCloseTo(20);
  });
  test('an owner spans its calls and ends at a stop', () => {
    expect(ownerSpans(twoReads).map((span) => [span.owner, span.from, span.to])).toEqual([
      [ownerAddr('A'), 0, 4],
      [ownerAddr('B'), 4, 5],
      [ownerAddr('B'), 8, 10],
    ]);
  });
});

describe('words', () => {
  const called = namesOf(scene);
  test('a moment is one sentence with object, outcome, read and buffer', () => {
    expect(describeMoment(f, called, at(3))).toBe(
      'Event 4 of 13. show: bash, fd 1, wrote 30 B. Sequence 1, read 1; buffer 60 of 50 bytes.',
    );
  });
  test('a task that executes another program has its new name from then on', () => {
    const bash = node(0, { kind: 'task', addr: ownerAddr('A'), key: 7, label: 'bash' });
    const exec = { call: 3, of: 'node', id: 0, there: true, label: 'other', detail: '' } as const;
    const changing = namesOf(
      new Picture(
        packScene({
          target: 'task_file',
          width: 10,
          height: 10,
          columns: [],
          nodes: [bash],
          edges: [],
          changes: { nodes: 1, edges: 0, rows: [exec] },
        }),
      ),
    );
    expect([1, 3].map((call) => changing.subject(f, call))).toEqual(['bash, fd 0', 'other, fd 1']);
  });
  test('an object found again after a stop says so', () => {
    expect(whyCall(f, called, 9)[0]).toContain('start() of read 3 found fd 0 of cat again');
  });
  test('what stands in a bucket follows there, or leads the next one', () => {
    const walk = sketch(50, 'start A/5\nshow A/5\nnext A/6\nshow A/6\nnext A/9\nshow A/9', {
      target: 'unix',
    });
    const buckets = { ...namesOf(null), group: (_: string, __: bigint, ino: number) => `bucket ${ino >> 3}` };
    expect([1, 3, 5].map((call) => whyCall(foldTrace(walk), buckets, call)[0])).toEqual([
      'start() found it first: ino 5 leads bucket 0, the first that is not empty.',
      'next() found it: ino 6 follows in bucket 0.',
      'next() found it: ino 9 leads bucket 1, the next that is not empty.',
    ]);
  });
});

test('the table lists visits, what was passed over and the end, in the order of the walk', () => {
  const trace = sketch(50, 'start A/0\nshow A/0 +5\nnext\nstop =1\ncopy\n|', {
    skips: [{ call: 2, object: 99n, key: 813, reason: 'shares files with its leader' }],
  });
  const table = foldTrace(trace);
  const rows = new ObjectRows(table, null, namesOf(null));
  const all = Array.from({ length: rows.length }, (_, i) => rows.row(i));
  expect(all.map((row) => [row?.key, row?.reason, row?.bytes])).toEqual([
    ['fd 0', '', 5],
    ['813', 'shares files with its leader', 0],
    ['NULL', '', 0],
  ]);
  expect(rowAt(rows, table, 0)).toBe(0);
  expect(rowAt(rows, table, 3)).toBe(2);
});

describe('comparing runs', () => {
  test('a filter in the program is told from a parameter by its silent calls', () => {
    expect(runNumbers([twoReads])).toMatchObject({ shown: 3, silent: 1, bytes: 60, reads: 3, insns: 32 });
  });
  test('the difference keeps common lines and gives the others a side', () => {
    expect(diffLines('a\nb\nc\n', 'a\nc\nd\n').map((line) => `${line.side} ${line.text}`)).toEqual([
      'both a',
      'a b',
      'both c',
      'b d',
      'both ',
    ]);
  });
});
