/**
 * Strings at addresses that need not be readable: positions and lengths, or why there is none.
 *
 * Source: bpf_str* of kernel/bpf/helpers.c, Linux 6.17 and later.
 */
import type { Addr } from '../../../shared/brand.ts';
import { fail } from '../../../shared/errno.ts';
import type { NegErrno } from '../../../shared/errno.ts';
import type { Memory } from '../../kernel/memory.ts';
import type { Call, Helper } from '../../vm/helper.ts';
import { readKernel } from './access.ts';

/** XATTR_SIZE_MAX: no string is looked at further. */
const MAX = 65_536;

/** A byte could not be read. */
class Unreadable extends Error {
  override readonly name = 'Unreadable';
  readonly errno: NegErrno;
  constructor(errno: NegErrno) {
    super('unreadable string');
    this.errno = errno;
  }
}

/** The bytes of a string, read one by one. */
class Text {
  private readonly mem: Memory;
  private readonly start: Addr;
  constructor(mem: Memory, start: Addr) {
    this.mem = mem;
    this.start = start;
    this.at(0);
  }
  at(i: number): number {
    const byte = readKernel(this.mem, this.start + BigInt(i), 1);
    if (typeof byte === 'number') throw new Unreadable(byte);
    return byte[0] ?? 0;
  }
}

type Body = (call: Call, text: (n: 1 | 2) => Text) => number;
const guarded =
  (body: Body): Helper =>
  (call) => {
    try {
      return body(call, (n) => new Text(call.mem, call.arg(n)));
    } catch (error) {
      if (error instanceof Unreadable) return error.errno;
      throw error;
    }
  };

/** @kernel bpf_strcmp and its likes, kernel/bpf/helpers.c @fidelity full: kfunc_string.test.ts */
export const stringKfuncs = (): readonly (readonly [string, Helper])[] => [
  ['bpf_strcmp', guarded((_c, text) => compare(text(1), text(2), (c) => c))],
  ['bpf_strcasecmp', guarded((_c, text) => compare(text(1), text(2), lower))],
  ['bpf_strlen', guarded((_c, text) => length(text(1), MAX))],
  ['bpf_strnlen', guarded((c, text) => length(text(1), c.u32(2)))],
  ['bpf_strchr', guarded((c, text) => find(text(1), MAX, c.u32(2) & 0xff))],
  ['bpf_strnchr', guarded((c, text) => find(text(1), c.u32(2), c.u32(3) & 0xff))],
  ['bpf_strrchr', guarded((c, text) => findLast(text(1), c.u32(2) & 0xff))],
  ['bpf_strchrnul', guarded((c, text) => until(text(1), (byte) => byte === (c.u32(2) & 0xff)))],
  ['bpf_strspn', guarded((_c, text) => span(text(1), text(2), true))],
  ['bpf_strcspn', guarded((_c, text) => span(text(1), text(2), false))],
  ['bpf_strstr', guarded((_c, text) => search(text(1), text(2), MAX))],
  ['bpf_strnstr', guarded((c, text) => search(text(1), text(2), c.u32(3)))],
];

const lower = (c: number): number => (c >= 0x41 && c <= 0x5a ? c + 0x20 : c);

function compare(a: Text, b: Text, fold: (c: number) => number): number {
  for (let i = 0; i < MAX; i++) {
    const [x, y] = [fold(a.at(i)), fold(b.at(i))];
    if (x !== y) return x < y ? -1 : 1;
    if (x === 0) return 0;
  }
  return fail('E2BIG');
}

function length(text: Text, count: number): number {
  for (let i = 0; i < Math.min(count, MAX); i++) if (text.at(i) === 0) return i;
  return count >= MAX ? fail('E2BIG') : count;
}

function find(text: Text, count: number, wanted: number): number {
  for (let i = 0; i < Math.min(count, MAX); i++) {
    const byte = text.at(i);
    if (byte === wanted) return i;
    if (byte === 0) return fail('ENOENT');
  }
  return fail(count >= MAX ? 'E2BIG' : 'ENOENT');
}

function findLast(text: Text, wanted: number): number {
  let last: number = fail('ENOENT');
  for (let i = 0; i < MAX; i++) {
    const byte = text.at(i);
    if (byte === wanted) last = i;
    if (byte === 0) return last;
  }
  return fail('E2BIG');
}

/** Where the string ends, or the first byte that is wanted. */
function until(text: Text, wanted: (byte: number) => boolean): number {
  for (let i = 0; i < MAX; i++) {
    const byte = text.at(i);
    if (byte === 0 || wanted(byte)) return i;
  }
  return fail('E2BIG');
}

/** How many bytes at the start are among `set`, or are not. */
const span = (text: Text, set: Text, among: boolean): number =>
  until(text, (byte) => {
    const at = until(set, (other) => other === byte);
    if (at < 0) throw new Unreadable(at);
    return (set.at(at) !== 0) !== among;
  });

/** Where `needle` begins within the first `count` bytes. */
function search(text: Text, needle: Text, count: number): number {
  for (let i = 0; i < MAX; i++) {
    let j = 0;
    for (; i + j <= count && j < MAX; j++) {
      const wanted = needle.at(j);
      if (wanted === 0) return i;
      if (i + j === count) break;
      const byte = text.at(i + j);
      if (byte === 0) return fail('ENOENT');
      if (byte !== wanted) break;
    }
    if (j === MAX) return fail('E2BIG');
    if (i + j === count) return fail('ENOENT');
  }
  return fail('E2BIG');
}
