import { expect, test } from 'vitest';
import { TARGETS } from '../../engine/iter/targets/index.ts';
import { sketch } from './sketch.ts';
import { STORIES, onlyBuffer, storyAt } from './stories.ts';
import { LineColumns } from '../../protocol/trace_columns.ts';

test('a story is told by lines that the algorithm of its target has', () => {
  for (const [target, { steps }] of Object.entries(STORIES)) {
    const code = TARGETS.find((reg) => reg.target === target)?.code ?? [];
    const ids = code.flatMap(({ lines }) => lines.map(({ id }) => id));
    for (const line of steps.flatMap((step) => step.lines)) expect(ids).toContain(`${target}.${line}`);
  }
});

const walk = sketch(
  4096,
  `start A/0
   show A/0 +30 x12
   next A/1
   stop =1
   copy
   |`,
);

test('a call that takes a batch goes through the bucket, one that goes on in it does not', () => {
  const lines = [
    { call: 0, line: 'tcp.start' },
    { call: 0, line: 'tcp.batch' },
    { call: 1, line: 'tcp.show' },
    { call: 2, line: 'tcp.next' },
  ];
  const states = (call: number) =>
    storyAt({ ...walk, target: 'tcp', lines: LineColumns.of(lines).table() }, call)?.steps.map(
      ({ state }) => state,
    );
  expect(states(0)).toEqual(['now', 'now', 'now', 'to come', 'to come', 'to come']);
  expect(states(1)).toEqual(['done', 'done', 'done', 'now', 'to come', 'to come']);
  expect(states(2)).toEqual(['done', 'done', 'done', 'done', 'now', 'now']);
});

test('a walk of cgroups has one buffer: what the first read has put there, of what the reader asked for', () => {
  const cgroup = { ...walk, target: 'cgroup' };
  expect([0, 1, 4].map((call) => onlyBuffer(cgroup, call)?.used)).toEqual([0, 30, 30]);
  expect(onlyBuffer(cgroup, 0)?.room).toBe(4096);
  expect(onlyBuffer(walk, 1)).toBeNull();
});
