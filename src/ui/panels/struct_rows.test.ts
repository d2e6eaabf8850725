import { expect, test } from 'vitest';
import type { PeekField } from '../../protocol/peek.ts';
import { notableRows, structRows } from './struct_rows.ts';

const field = (path: string, value: string, byte = 0): PeekField => ({
  path,
  depth: path.split('.').length - 1,
  offset: 0,
  size: 1,
  type: 'int',
  value,
  bytes: Uint8Array.of(byte),
  pointer: null,
  simulated: true,
});

/** struct { refcount_t usage; struct path f_path; int prio; } */
const TASK = [
  field('usage', ''),
  field('usage.refs', ''),
  field('usage.refs.counter', '2', 2),
  field('f_path', ''),
  field('f_path.mnt', '0'),
  field('f_path.dentry', '7', 7),
  field('prio', '0'),
];

test('usage.refs.counter is one row with the name of the outermost struct', () => {
  const rows = structRows(TASK);
  expect(rows.map(({ name, depth }) => `${'  '.repeat(depth)}${name}`)).toEqual([
    'usage',
    'f_path',
    '  .mnt',
    '  .dentry',
    'prio',
  ]);
  expect(rows[0]?.field.path).toBe('usage.refs.counter');
});

test('zeros are folded away unless they have changed; nested fields keep their headings', () => {
  const rows = notableRows(structRows(TASK), ({ path }) => path === 'prio');
  expect(rows.map(({ name }) => name)).toEqual(['usage', 'f_path', '.dentry', 'prio']);
});
