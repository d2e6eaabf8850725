/** Programs that use an arena: what they may do with its addresses, and what Linux says to the rest. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { MapType } from '../abi/uapi.ts';
import { Btf } from '../btf/parse.ts';
import { ARENA_ACCESS, ARENA_NARROW } from './request.ts';
import { asmRequest, mapInfo } from './testing/asm.ts';
import { verify } from './verify.ts';

const file = join(import.meta.dirname, '../../../recorded/linux-6.12/kernel/vmlinux.btf.gz');
const btf = Btf.parse(new Uint8Array(gunzipSync(readFileSync(file))));
const arena = (name: string, valueAddress: bigint | null) =>
  mapInfo(name, { type: MapType.ARENA, keySize: 0, valueSize: 0, maxEntries: 10, valueAddress });
const maps = {
  pages: arena('pages', 1n << 44n),
  other: arena('other', 2n << 44n),
  nowhere: arena('nowhere', null),
};

const judge = (source: string) =>
  verify(asmRequest(`${source}\nr0 = 0\nexit`, { btf, maps }, { sleepable: true }));
/** r1 = addr_space_cast(r1, 0, 1): an address as user space has it becomes one to work with. */
const FROM_USER = 'raw 0xbf 1 1 1 1';
const TO_USER = 'raw 0xbf 1 1 1 65536';
const pages = (source: string): string => `r1 = map pages\nr1 = 64\n${FROM_USER}\nr2 = 8\n${source}`;

test.for<readonly [name: string, source: string, message: string | null]>([
  ['loads and stores at any offset', pages('r3 = *(u64 *)(r1 +32000)\n*(u8 *)(r1 -9) = 1'), null],
  ['any arithmetic', pages('r1 *= 3\nr1 ^= r2\nr2 -= r1\n*(u64 *)(r2 +0) = r1'), null],
  ['atomics', pages('lock *(u64 *)(r1 +0) += r2'), null],
  [
    'atomics that x86 makes a loop of',
    pages('r2 = atomic64_fetch_or((u64 *)(r1 +0), r2)'),
    'BPF_ATOMIC stores into R1 arena is not allowed',
  ],
  [
    'an atomic that loads into its own address',
    pages('r1 = atomic64_fetch_add((u64 *)(r1 +0), r1)'),
    'misaligned access off (0x0; 0xffffffffffffffff)+0+0 size 8',
  ],
  [
    'a number, once it is an address of user space again',
    pages(`${TO_USER}\nr2 = *(u8 *)(r1 +0)`),
    "R1 invalid mem access 'scalar'",
  ],
  [
    'a load that extends the sign',
    pages('r2 = *(s8 *)(r1 +0)'),
    'sign extending loads from arena are not supported yet',
  ],
  [
    'a cast between other spaces',
    pages('raw 0xbf 1 1 1 3'),
    'addr_space_cast insn can only convert between address space 1 and 0',
  ],
  [
    'a cast without an arena',
    `r1 = 0\n${FROM_USER}`,
    'addr_space_cast insn can only be used in a program that has an associated arena',
  ],
  ['two arenas', 'r1 = map pages\nr1 = map other', 'Only one arena per program'],
  [
    'an arena that user space has not mapped',
    'r1 = map nowhere',
    "arena's user address must be set via map_extra or mmap()",
  ],
  [
    'pages, which are numbers',
    'r1 = map pages\nr2 = 0\nr3 = 1\nr4 = -1\nr5 = 0\ncall bpf_arena_alloc_pages\nr0 = *(u8 *)(r0 +0)',
    "R0 invalid mem access 'scalar'",
  ],
])('an arena: %s', ([, source, message]) => {
  const { ok, reject } = judge(source);
  expect(ok ? null : reject?.message).toBe(message);
});

test('64-bit arithmetic on addresses of the arena is done in 32 bits', () => {
  const { arena: marks } = judge(pages('r1 += r2\nw1 += w2\n*(u64 *)(r1 +0) = r2'));
  expect([...(marks ?? [])].slice(5, 8)).toEqual([ARENA_NARROW, 0, ARENA_ACCESS]);
});

test('a program that may not sleep takes no pages', () => {
  const source = 'r1 = map pages\nr2 = 0\nr3 = 1\nr4 = -1\nr5 = 0\ncall bpf_arena_alloc_pages\nr0 = 0\nexit';
  const { reject } = verify(asmRequest(source, { btf, maps }));
  expect(reject?.message).toBe('program must be sleepable to call sleepable kfunc bpf_arena_alloc_pages');
});
