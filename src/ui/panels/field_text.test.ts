import { expect, test } from 'vitest';
import type { PeekField } from '../../protocol/peek.ts';
import { fieldText } from './field_text.ts';

const field = (path: string, value: string): PeekField => ({
  path,
  type: 'unsigned int',
  offset: 0,
  size: 4,
  value,
  bytes: new Uint8Array(4),
  pointer: null,
  depth: 0,
  simulated: true,
});

test.each([
  ['file', 'f_flags', String(0o2000002), 'O_RDWR | O_CLOEXEC'],
  ['file', 'f_flags', '0', 'O_RDONLY'],
  ['file', 'f_flags', String(0o100000001), 'O_WRONLY | 0x1000000'],
  ['file', 'f_mode', '33619743', '0x200ff1f'],
  ['inode', 'i_mode', String(0o20620), 'S_IFCHR | 0620'],
  ['vm_area_struct', 'vm_flags', '117', 'READ | EXEC | MAYREAD | MAYWRITE | MAYEXEC'],
  ['vm_area_struct', 'vm_start', '4194304', '0x400000'],
  ['task_struct', '__state', '0', 'TASK_RUNNING'],
  ['task_struct', '__state', '1026', 'TASK_UNINTERRUPTIBLE | TASK_NOLOAD'],
  ['task_struct', 'pid', '17', '17'],
  ['inode', 'f_flags', '2', '2'],
])('%s.%s %s is %s', (struct, path, value, text) => {
  expect(fieldText(struct, field(path, value))).toBe(text);
});

const POINTER = { struct: 'hlist_nulls_node', addr: 0x19n };

test('the end of a chain is no address, but the number of its bucket', () => {
  const next = { ...field('hash_node.next', '0x19'), type: 'struct hlist_nulls_node *', pointer: POINTER };
  expect(fieldText('htab_elem', next)).toBe('nulls 12');
  expect(fieldText('htab_elem', { ...next, pointer: { ...POINTER, addr: 0xffff888000050960n } })).toBe(
    '0x19',
  );
});
