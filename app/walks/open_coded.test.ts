/** Every open-coded iterator of Linux 7.0, from C to the VM, held against the targets that walk the same lists. */
import { join } from 'node:path';
import { expect, test } from 'vitest';

import { iterscope } from '../cli/testing.ts';
import { objectsOf, WalkSession } from './session.ts';

const program = join(import.meta.dirname, '../testdata/open_coded.bpf.c');

/** What one walk of the program wrote, without its name. */
function walked(kind: string, ...options: readonly string[]): string[] {
  const { status, stdout, stderr } = iterscope('run', program, '--world', 'graphics', ...options);
  expect([status, stderr]).toEqual([0, '']);
  return stdout
    .split('\n')
    .flatMap((line) => (line.startsWith(`${kind} `) ? [line.slice(kind.length + 1)] : []));
}
const LISTS = ['--prog', 'lists', '--order', 'self'];
const byIterator = (target: string): string[] =>
  objectsOf(new WalkSession({ target, world: 'graphics' }).readAll(() => 1 << 20)).map(String);
const columns = (lines: readonly string[], column: number): string[] =>
  lines.map((line) => line.split(' ')[column] ?? '');

test('numbers from the first up to the last, and bits from the lowest on', () => {
  expect(walked('num', ...LISTS)).toEqual(['3', '4', '5']);
  expect(walked('bits', ...LISTS)).toEqual(['0', '2', '5', '48', '63']);
});

test('the tasks of the root cgroup are all tasks, in some order; the root is one css', () => {
  const pids = ['1', '2', '640', '702', '703', '704', '730', '731', '900'];
  expect(walked('css_task', ...LISTS)).toEqual(expect.arrayContaining(pids));
  expect(walked('css', ...LISTS)).toEqual(['1']);
  expect(walked('task', '--prog', 'tasks', '--tid', '640')).toEqual(['0', ...pids]);
});

test.for(['kmem_cache', 'dmabuf'])('%s: the kfuncs deliver what the target shows', (kind) => {
  const byHand = walked(kind, ...LISTS);
  expect(columns(byHand, 0)).toEqual(byIterator(kind));
  // A walk that stops early gives its reference back as well: the next program sees the same counts.
  expect(walked(kind, ...LISTS, '--set', 'most=3')).toEqual(byHand.slice(0, 3));
});
