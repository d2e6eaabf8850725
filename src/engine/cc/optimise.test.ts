/** What optimising makes of a function: C beside the instructions it becomes. Arguments are unknown numbers. */
import { expect, test } from 'vitest';
import { must } from '../../shared/assert.ts';
import { disasmInsn } from '../abi/disasm.ts';
import { decodeInsns } from '../abi/insn.ts';
import { readElf } from '../elf/read.ts';
import { recordedBtf } from '../vm/testing.ts';
import { compile } from './compile.ts';

const PRELUDE = 'typedef unsigned char u8; typedef unsigned int u32; typedef unsigned long u64;\n';

function assembly(text: string): string[] {
  const { object } = compile({ path: 'f.bpf.c', text: PRELUDE + text, kernelBtf: recordedBtf() });
  const code = readElf(must(object, 'an object')).sections.find(({ name }) => name === '.text');
  return decodeInsns(must(code, 'code').data)
    .filter(({ code: op }) => op !== 0)
    .map((insn) => disasmInsn(insn));
}

test.for([
  [
    'bytes that are put together as they were',
    'u32 f(u32 x) { return (x & 0xff) | (x >> 8 & 0xff) << 8 | (x >> 16 & 0xff) << 16 | (x >> 24) << 24; }',
    ['w0 = w1', 'exit'],
  ],
  [
    'members of a packed record that goes nowhere',
    `struct p { u8 tag; u32 a; u64 b : 37; u64 c : 3; } __attribute__((packed));
     u64 f(u32 x) { struct p p = { .a = x, .b = x }; p.c = 1; return p.b; }`,
    ['w0 = w1', 'exit'],
  ],
  [
    'neighbouring bit-fields: one store of the word',
    `struct { u32 a : 4, b : 4, c : 24; } g;
     void f(u32 x) { g.a = x; g.b = x >> 4; g.c = x >> 8; }`,
    ['r2 = 0x0', '*(u32 *)(r2 +0) = r1', 'exit'],
  ],
  [
    'masks of what is not looked at',
    'u8 f(u64 x) { return (x & 0xffff) + 0x500; }',
    ['r0 = r1', 'w0 &= 255', 'exit'],
  ],
  [
    'a shifted number asks for the number',
    'int f(int x) { return (u64)(long)x << 20 == 5ul << 20; }',
    ['w0 = 1', 'if w1 == 0x5 goto pc+1', 'w0 = 0', 'exit'],
  ],
  ['a shifted number that cannot be', 'int f(int x) { return (long)x << 20 == 77; }', ['w0 = 0', 'exit']],
  [
    'distances in one object',
    'static u8 g[8]; void *sink; long f(u32 x) { sink = g; return &g[x & 7] - &g[2]; }',
    ['w0 = w1', 'r1 = 0x0', 'r2 = 0x0', '*(u64 *)(r2 +0) = r1', 'w0 &= 7', 'r0 += -2', 'exit'],
  ],
  [
    'a loop over constants',
    'static int g[4] = { 1, 2, 3, 4 }; int f(void) { int s = 0; for (int i = 0; i < 4; i++) s += g[i]; return s; }',
    ['w0 = 10', 'exit'],
  ],
  [
    'a loop of which all rounds are written out',
    `u64 f(u64 x) {
       _Pragma("unroll") for (int i = 0; i < 3; i++) x = x * 3 + i;
       return x;
     }`,
    ['r0 = r1', 'r0 *= 3', 'r0 *= 3', 'r0 += 1', 'r0 *= 3', 'r0 += 2', 'exit'],
  ],
  [
    'a store that another covers before anybody reads',
    'int g; void f(int x) { g = 1; g = x; }',
    ['r2 = 0x0', '*(u32 *)(r2 +0) = r1', 'exit'],
  ],
  [
    'a store that somebody may read before it is covered',
    'int g; int f(int *x) { g = 1; int seen = *x; g = 2; return seen; }',
    [
      'w2 = 1',
      'r3 = 0x0',
      '*(u32 *)(r3 +0) = r2',
      'r0 = *(u32 *)(r1 +0)',
      'w1 = 2',
      '*(u32 *)(r3 +0) = r1',
      'exit',
    ],
  ],
  [
    'what a variable in memory holds where two ways meet: the number, not what is read back',
    'void see(int *); int f(u32 x) { int at; if (x > 5) at = 1; else at = x; int now = at; see(&at); return now; }',
    [
      'if w1 <= 0x5 goto pc+4',
      'w1 = 1',
      '*(u32 *)(r10 -4) = r1',
      'w1 = 1',
      'goto pc+1',
      '*(u32 *)(r10 -4) = r1',
      'w6 = w1',
      'r1 = r10',
      'r1 += -4',
      'call pc-1',
      'w0 = w6',
      'exit',
    ],
  ],
  [
    'what one of the ways left open is read',
    'void see(int *); int f(u32 x) { int at = 1; if (x > 5) see(&at); else at = x; return at; }',
    [
      'w2 = 1',
      '*(u32 *)(r10 -4) = r2',
      'if w1 <= 0x5 goto pc+4',
      'r1 = r10',
      'r1 += -4',
      'call pc-1',
      'goto pc+1',
      '*(u32 *)(r10 -4) = r1',
      'r0 = *(u32 *)(r10 -4)',
      'exit',
    ],
  ],
  [
    'volatile stores, each of them',
    'volatile int g; void f(void) { g = 1; g = 1; }',
    ['w1 = 1', 'r2 = 0x0', '*(u32 *)(r2 +0) = r1', '*(u32 *)(r2 +0) = r1', 'exit'],
  ],
  [
    'a choice among constants, wide at once',
    'long f(int x) { int r = x ? -1 : 7; return r; }',
    ['r0 = -1', 'if w1 != 0x0 goto pc+1', 'r0 = 7', 'exit'],
  ],
  [
    'a static variable that nobody writes',
    'static int limit = 5; int f(int x) { return x < limit; }',
    ['w0 = 1', 'if w1 s< 0x5 goto pc+1', 'w0 = 0', 'exit'],
  ],
  [
    'a static variable that somebody may write through its address',
    'static int limit = 5; int *where = &limit; int f(void) { return limit; }',
    ['r1 = 0x0', 'r0 = *(u32 *)(r1 +0)', 'exit'],
  ],
  [
    'what is the same in every round, before the first',
    'u32 f(u32 *p, u32 a, u32 n) { u32 s = 0; for (u32 i = 0; i != n; i++) s += p[i] ^ a * a; return s; }',
    [
      'w2 *= w2',
      'w0 = 0',
      'w4 = 0',
      'goto pc+8',
      'r5 = r4',
      'r5 <<= 2',
      'r6 = r1',
      'r6 += r5',
      'r5 = *(u32 *)(r6 +0)',
      'w5 ^= w2',
      'w0 += w5',
      'w4 += 1',
      'if w4 != w3 goto pc-9',
      'exit',
    ],
  ],
  [
    'what a branch of the loop asks about, in the loop',
    'u32 f(u32 *p, u32 a, u32 n) { u32 s = 0; for (u32 i = 0; i != n; i++) if (a < 8) s += p[i] ^ a << 2; return s; }',
    [
      'w0 = 0',
      'w4 = 0',
      'goto pc+11',
      'if w2 >= 0x8 goto pc+9',
      'r5 = r4',
      'r5 <<= 2',
      'r6 = r1',
      'r6 += r5',
      'r6 = *(u32 *)(r6 +0)',
      'w5 = w2',
      'w5 <<= 2',
      'w6 ^= w5',
      'w0 += w6',
      'w4 += 1',
      'if w4 != w3 goto pc-12',
      'exit',
    ],
  ],
  [
    'an array whose elements are known as long as nobody else may write them is not there',
    'u64 f(u64 *p, u32 n) { u64 *a[16], s = 0; for (u32 i = 0; i < n; i += 2) { a[i] = p + i; a[i + 1] = p + n; s += *a[i] ^ *a[i + 1]; } return s; }',
    [
      'r0 = 0',
      'w3 = 0',
      'goto pc+11',
      'r4 = r3',
      'r4 <<= 3',
      'r4 += r1',
      'w5 = w2',
      'r5 <<= 3',
      'r5 += r1',
      'r6 = *(u64 *)(r4 +0)',
      'r4 = *(u64 *)(r5 +0)',
      'r6 ^= r4',
      'r0 += r6',
      'w3 += 2',
      'if w3 < w2 goto pc-12',
      'exit',
    ],
  ],
] as const)('%s', ([, source, want]) => {
  expect(assembly(source)).toEqual(want);
});
