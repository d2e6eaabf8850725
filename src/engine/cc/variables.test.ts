/**
 * Places of variables are true: programs call `seen(n, v)` with the variable whose number is n, and where the
 * compiler says that variable is before the call, there its value must be.
 */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { scalarOf } from '../../protocol/variables.ts';
import type { VariableRange } from '../../protocol/variables.ts';
import { must } from '../../shared/assert.ts';
import { decodeInsns, INSN_BYTES } from '../abi/insn.ts';
import type { Insn } from '../abi/insn.ts';
import * as bpf from '../abi/opcode.ts';
import * as elf from '../elf/elf.ts';
import { readElf } from '../elf/read.ts';
import { Code } from '../vm/code.ts';
import { Processor } from '../vm/processor.ts';
import { runProg } from '../vm/run.ts';
import { emptyKernel, insn, ldImm64, recordedBtf } from '../vm/testing.ts';
import { compile } from './compile.ts';
import type { CompileInput } from './compile.ts';

const kernel = emptyKernel();
const processor = new Processor(kernel);

const HEADER = `#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
SEC("iter/task") __noinline long seen(long which, long value)
{
	asm volatile("" : "+r"(which), "+r"(value));
	return 0;
}
`;

interface Seen {
  readonly name: string;
  readonly value: bigint;
  /** What stands where the compiler says; null: it says nothing. */
  readonly found: bigint | null;
}

function valueAt(range: VariableRange): bigint {
  const { place, size } = range;
  const raw =
    place.in === 'number'
      ? place.value
      : place.in === 'register'
        ? processor.reg(place.reg)
        : [...kernel.mem.bytes(processor.reg(10) + BigInt(place.offset), size)].reduceRight(
            (sum, byte) => (sum << 8n) | BigInt(byte),
            0n,
          );
  return scalarOf(range, raw);
}

/** Compiles and links a program whose section holds all there is. @returns what runs `f(a)` and watches */
function watcher(
  source: string,
  names: readonly string[],
  variant: Partial<CompileInput>,
): (a: bigint) => Seen[] {
  const { object, diagnostics, variables } = compile({
    path: 'test.bpf.c',
    text: HEADER + source,
    kernelBtf: recordedBtf(),
    variables: true,
    ...variant,
  });
  expect(diagnostics.filter((d) => d.severity === 'error').map((d) => d.message)).toEqual([]);
  const file = readElf(must(object, 'object'));
  const section = must(
    file.sections.find(({ name }) => name === 'iter/task'),
    'section',
  );
  const prologue = [
    ...ldImm64(1, 0n),
    insn(bpf.BPF_JMP | bpf.BPF_CALL, { src: 1 }),
    insn(bpf.BPF_JMP | bpf.BPF_EXIT),
  ];
  const insns: Insn[] = [...prologue, ...decodeInsns(section.data)];
  const start = (name: string): number => {
    const symbol = must(
      file.symbols.find((s) => s.name === name),
      name,
    );
    return prologue.length + symbol.value / INSN_BYTES;
  };
  for (const reloc of file.relocs(section.index)) {
    const index = prologue.length + reloc.offset / INSN_BYTES;
    expect(reloc.type).toBe(elf.R_BPF_64_32);
    const imm = start(must(file.symbols[reloc.symbol], 'symbol').name) - index - 1;
    insns[index] = { ...must(insns[index], 'call'), imm };
  }
  insns[2] = { ...must(insns[2], 'call'), imm: start('f') - 3 };
  return (a) => {
    insns.splice(0, 2, ...ldImm64(1, a));
    const code = new Code({ insns, linker: { helper: () => null, kfunc: () => null }, base: 0x1000n });
    const all: Seen[] = [];
    const onInsn = (pc: number): void => {
      const at = pc - start('f');
      const call = must(insns[pc], 'instruction');
      if (call.code !== (bpf.BPF_JMP | bpf.BPF_CALL) || pc + 1 + call.imm !== start('seen')) return;
      const name = must(names[Number(processor.reg(1))], 'number of a variable');
      const here = variables.filter(
        (v) => v.function === 'f' && v.name === name && v.from <= at && at < v.to,
      );
      const last = here.toSorted((x, y) => x.from - y.from).at(-1);
      const found = last ? valueAt(last) : null;
      const value = processor.reg(2);
      all.push({ name, value: found !== null && found < 0n ? BigInt.asIntN(64, value) : value, found });
    };
    expect(runProg(processor, code, { ctx: 0n, fuel: 100_000, onInsn })).toHaveProperty('r0');
    return all;
  };
}

const F = 'SEC("iter/task") long f(long a)';
/** What it shows, its variables by number, the program, and how often a value is known at least at -O2. */
const programs: readonly [title: string, names: readonly string[], source: string, known: number][] = [
  [
    'a loop with two variables',
    ['i', 's'],
    `${F} { long s = 0; for (int i = 0; i < 6; i++) { s += i * a; seen(0, i); seen(1, s); } seen(1, s); return s; }`,
    12,
  ],
  [
    'a variable that two ways set',
    ['x', 'y'],
    `${F} { int x = 1; if (a > 3) { x = a * 2; seen(0, x); } else { x = -5; seen(0, x); } long y = x + a; seen(0, x); seen(1, y); return x + y; }`,
    2,
  ],
  [
    'what is assigned anew, and what was copied before',
    ['x', 'old'],
    `${F} { long x = a; long old = x; x = x * 3 + 1; seen(1, old); seen(0, x); old = x; x++; seen(0, x); seen(1, old); return x + old; }`,
    4,
  ],
  [
    'more variables than registers',
    ['p', 'q', 'r', 's', 't', 'u', 'v', 'w'],
    `${F} { long p = a + 1, q = a * 3, r = a ^ 5, s = a << 2, t = a - 9, u = a | 6, v = a & 12, w = -a;
      for (int i = 0; i < 3; i++) { seen(0, p); seen(1, q); seen(2, r); seen(3, s); seen(4, t); seen(5, u); seen(6, v); seen(7, w); p += q; q ^= r; r -= s; s += t; t ^= u; u += v; v -= w; w += p; }
      return p + q + r + s + t + u + v + w; }`,
    24,
  ],
  [
    'an inlined function called twice',
    ['n', 'm'],
    `static __always_inline long half(long n) { seen(0, n); long m = (unsigned long)n / 2; seen(1, m); return m; } ${F} { return half(a + 8) + half(a * 5); }`,
    3,
  ],
  [
    'narrow variables wrap',
    ['c', 'd'],
    `${F} { unsigned char c = a; signed char d = a; for (int i = 0; i < 5; i++) { c += 100; d -= 100; seen(0, c); seen(1, d); } return c + d; }`,
    8,
  ],
  [
    'members of a struct that falls apart, and of one that stays in memory',
    ['k.pid', 'k.start', 'm.id'],
    `struct pair { int pid; long start; }; struct mem { long id; char c[16]; };
     ${F} { struct pair k = { a, a * 2 }; struct mem m = { a }; char *volatile at = m.c; at[a & 7] = 1; k.start += k.pid; seen(0, k.pid); seen(1, k.start); m.id = k.start + 4; seen(2, m.id); return k.pid + m.id + m.c[a & 3]; }`,
    2,
  ],
  [
    'elements of an array in memory, and of one that falls apart',
    ['v[0]', 'v[3]', 'k[1].n', 'w[1]'],
    `struct one { char c; int n; };
     ${F} { int v[4] = { 1, 2, 3, 4 }; struct one k[2] = {}; long w[2] = { a, 5 }; for (int i = 0; i < 4; i++) v[(a + i) & 3] += a * i; k[a & 1].n = a - 3;
      seen(0, v[0]); seen(1, v[3]); seen(2, k[1].n); w[1] += w[0]; seen(3, w[1]); return v[a & 3] + k[a & 1].c + w[1]; }`,
    3,
  ],
  [
    'bit-fields in memory, and in a register',
    ['b.x', 'b.y', 'b.z', 'm.s', 'm.u'],
    `struct bits { unsigned x : 3, y : 7; int z : 9; }; struct more { long id; int s : 5; unsigned u : 20; };
     ${F} { struct bits b = { a, a * 3, -a }; struct more m = { a }; long *volatile at = &m.id; m.s = a * 5; m.u = a << 7; at[0] = 3;
      seen(0, b.x); seen(1, b.y); seen(2, b.z); seen(3, m.s); seen(4, m.u); return b.x + b.y + b.z + m.s + m.u + m.id; }`,
    2,
  ],
  [
    'jumps over and between',
    ['i', 'j', 'found'],
    `${F} { long found = -1; int i, j; for (i = 0; i < 5; i++) { for (j = 0; j < 5; j++) { if (i * j == a) { found = i * 10 + j; goto out; } if ((i ^ j) == 3) continue; seen(0, i); seen(1, j); } } out: seen(2, found); return found; }`,
    10,
  ],
];
const VARIANTS: readonly [string, Partial<CompileInput>][] = [
  ['-O2', {}],
  ['-O2 for v1', { cpu: 'v1' }],
  ['-O2 for v4', { cpu: 'v4' }],
  ['-O0', { optimise: false }],
];

test.for(programs)('%s: where a value is said to be, it is', ([, names, source, known]) => {
  for (const [variant, options] of VARIANTS) {
    const watch = watcher(source, names, options);
    for (const a of [4n, 6n, -7n]) {
      const all = watch(BigInt.asUintN(64, a));
      const said = all.filter(({ found }) => found !== null);
      for (const { name, value, found } of said) expect(found, `${variant}: ${name} for ${a}`).toBe(value);
      const least = variant === '-O0' ? all.length : a === 4n ? Math.min(known, all.length) : 0;
      expect(said.length, variant).toBeGreaterThanOrEqual(least);
    }
  }
});

test('asking where variables are does not change the object', () => {
  const corpus = join(import.meta.dirname, 'corpus');
  for (const file of readdirSync(corpus).filter(
    (name, i) => i % 16 === 0 || /^(typeof|cleanup)/.test(name),
  )) {
    const input = { path: file, text: readFileSync(join(corpus, file), 'utf8'), kernelBtf: recordedBtf() };
    const asked = compile({ ...input, variables: true });
    expect(asked.object, file).toEqual(compile(input).object);
  }
});
