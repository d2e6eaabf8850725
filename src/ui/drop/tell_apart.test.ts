import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { sizeProblem, tellApart } from './tell_apart.ts';

const root = join(import.meta.dirname, '../../..');
const file = (path: string): Uint8Array => new Uint8Array(readFileSync(join(root, path)));
const text = (content: string): Uint8Array => new TextEncoder().encode(content);

test.each([
  ['app/worlds/docs.json', 'world'],
  ['recorded/clang-19/open_files.bpf.o', 'object'],
  ['app/examples/task.bpf.c', 'program'],
])('%s is a %s whatever its name is', (path, kind) => {
  expect(tellApart('download', file(path)).kind).toBe(kind);
});

test('types of a kernel are known by their first bytes', () => {
  expect(tellApart('x', new Uint8Array([0x9f, 0xeb, 1, 0])).kind).toBe('btf');
  expect(tellApart('x', new Uint8Array([0xeb, 0x9f, 1, 0]))).toMatchObject({ kind: 'refused' });
});

test.each<[string, Uint8Array, RegExp]>([
  ['a program of this machine', text('\x7fELF\x02\x01\x01' + '\0'.repeat(60)), /not for BPF/],
  ['a picture', new Uint8Array([0x89, 0x50, 0x4e, 0x47, 0, 0, 0, 1]), /neither text/],
  ['half a world', text('{"processes": ['), /begins like JSON and is none/],
  ['a list', text('[1, 2]'), /no object/],
  ['a letter', text('Dear Sir or Madam'), /neither C nor the JSON/],
  ['Latin-1', new Uint8Array([0x64, 0xe9, 0x6a, 0xe0]), /neither UTF-8/],
])('%s is refused with a reason', (_, bytes, why) => {
  const kind = tellApart('file', bytes);
  expect(kind.kind === 'refused' && kind.why).toMatch(why);
});

test('what is empty or huge is not even read', () => {
  expect(sizeProblem(0)).toMatch(/empty/);
  expect(sizeProblem(2 ** 31)).toMatch(/2048 MB.*96 MB/);
  expect(sizeProblem(1000)).toBe('');
});
