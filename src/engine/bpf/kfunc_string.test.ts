import { expect, test } from 'vitest';
import { fail } from '../../shared/errno.ts';
import { emptyKernel } from '../vm/testing.ts';
import { Bpf } from './bpf.ts';
import { callHelper, place } from './testing.ts';

const bpf = new Bpf(emptyKernel());
const NOTHING = 0x10n;
type Arg = string | number | bigint;
const call = (name: string, ...args: Arg[]): number =>
  callHelper(bpf, `bpf_${name}`, ...args.map((arg) => (typeof arg === 'string' ? place(bpf, arg) : arg)));
const code = (c: string): number => c.charCodeAt(0);

test.for<[string, Arg[], number]>([
  ['strcmp', ['abc', 'abd'], -1],
  ['strcmp', ['abc', 'ab'], 1],
  ['strcmp', ['abc', 'abc'], 0],
  ['strcasecmp', ['ABC', 'abc'], 0],
  ['strlen', ['hello'], 5],
  ['strnlen', ['hello', 3], 3],
  ['strnlen', ['hello', 9], 5],
  ['strchr', ['hello', code('l')], 2],
  ['strchr', ['hello', 0], 5],
  ['strchr', ['hello', code('x')], fail('ENOENT')],
  ['strnchr', ['hello', 2, code('l')], fail('ENOENT')],
  ['strrchr', ['hello', code('l')], 3],
  ['strrchr', ['hello', code('x')], fail('ENOENT')],
  ['strchrnul', ['hello', code('x')], 5],
  ['strspn', ['aabc', 'ab'], 3],
  ['strspn', ['aab', 'ab'], 3],
  ['strcspn', ['hello', 'ol'], 2],
  ['strcspn', ['hello', ''], 5],
  ['strstr', ['hello', 'llo'], 2],
  ['strstr', ['hello', ''], 0],
  ['strstr', ['hello', 'lox'], fail('ENOENT')],
  ['strnstr', ['hello', 'llo', 4], fail('ENOENT')],
  ['strnstr', ['hello', 'llo', 5], 2],
  ['strlen', [NOTHING], fail('ERANGE')],
  ['strcmp', ['a', NOTHING], fail('ERANGE')],
])('bpf_%s(%o) is %d', ([name, args, want]) => {
  expect(call(name, ...args)).toBe(want);
});

test('a string without an end is too long', () => {
  const long = bpf.kernel.mem.alloc(70_000);
  bpf.kernel.mem.fill(long, 70_000, 0x61);
  expect([call('strlen', long), call('strchr', long, code('b')), call('strspn', long, 'a')]).toEqual([
    fail('E2BIG'),
    fail('E2BIG'),
    fail('E2BIG'),
  ]);
});
