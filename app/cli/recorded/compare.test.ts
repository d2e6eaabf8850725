import { expect, test } from 'vitest';
import { Comparison } from './compare.ts';
import type { Mask, Renaming } from './compare.ts';

const strict: Renaming = { ids: new Set<string>(), isHeap: () => false };
function compare(want: string, got: string, masks: readonly Mask[] = [], renaming = strict) {
  const comparison = new Comparison(renaming, masks);
  comparison.text('output', want, got);
  return comparison;
}

test('every line that differs is told, and a line too many is told alone', () => {
  expect(compare('a\nb\nc\nd\n', 'a\nx\nc\ny\n').differences).toHaveLength(2);
  expect(compare('a\nb\nc\nd\n', 'a\nnew\nb\nc\nd\n').differences).toEqual([
    'output, line 2: Linux null, here "new"',
  ]);
});

test('a masked field hides itself, not the rest of its line', () => {
  const masks = [{ what: 'output', field: /start=\d+/ }];
  expect(compare('pid=1 start=5', 'pid=1 start=7', masks).differences).toEqual([]);
  expect(compare('pid=1 start=5', 'pid=2 start=7', masks).differences).toHaveLength(1);
  expect(compare('pid=1 start=5', 'pid=1 start=5\n', masks).used.size).toBe(0);
});

test('sizes of reads cannot be compared where a mask hid another length or another order', () => {
  const masks = [{ what: 'output', field: /n=\d+/ }];
  expect(compare('n=5', 'n=6', masks).isUneven('output')).toBe(false);
  expect(compare('n=5', 'n=66', masks).isUneven('output')).toBe(true);
  const any = compare('0 x\n1 y', '0 y\n1 x', [{ what: 'output', field: /^\d+ /, unordered: true }]);
  expect([any.differences, any.isUneven('output')]).toEqual([[], true]);
});

test('an address stands for one address only', () => {
  const renaming: Renaming = { ids: new Set<string>(), isHeap: (hex: string) => hex.startsWith('ff') };
  const want = 'ff110001 ff110002\nff110001';
  expect(compare(want, 'ff220001 ff220002\nff220001', [], renaming).differences).toEqual([]);
  expect(compare(want, 'ff220001 ff220002\nff220002', [], renaming).differences).toHaveLength(1);
  expect(compare('ff110001 ff110002', 'ff220001 ff220001', [], renaming).differences).toHaveLength(1);
});
