/** asm statements and the instructions they become, in the words of the kernel's log. */
import { expect, test } from 'vitest';
import { must } from '../../shared/assert.ts';
import { disasmInsn } from '../abi/disasm.ts';
import { decodeInsns } from '../abi/insn.ts';
import { LD_IMM64 } from '../abi/opcode.ts';
import { readElf } from '../elf/read.ts';
import { recordedBtf } from '../vm/testing.ts';
import { compile } from './compile.ts';

const HEADER = '#include "vmlinux.h"\n#include <bpf/bpf_helpers.h>\n#define __naked __attribute__((naked))\n';
const compiled = (text: string) =>
  compile({ path: 'asm.bpf.c', text: HEADER + text, kernelBtf: recordedBtf() });

/** Instructions of the only program. */
function instructions(text: string): string[] {
  const { object, diagnostics } = compiled(text);
  expect(diagnostics.filter((d) => d.severity === 'error').map((d) => d.message)).toEqual([]);
  const section = readElf(must(object, 'object')).sections.find(({ name }) => name === 'socket');
  return decodeInsns(must(section, 'section').data).flatMap((insn, i, all) =>
    insn.code === 0 && all[i - 1]?.code === LD_IMM64 ? [] : [disasmInsn(insn, { next: all[i + 1] })],
  );
}
const naked = (text: string, operands = ''): string[] =>
  instructions(`SEC("socket") __naked void f(void) { asm volatile("${text}" : ${operands}); }`);

test.for<[string, string]>([
  ['r1=5', 'r1 = 5'],
  ['w1   =   -5', 'w1 = -5'],
  ['r1 = (4*8 - (1<<3))', 'r1 = 24'],
  ['r1 = 0x1234567890ll', 'r1 = 0x1234567890'],
  ['*(u64*)(r10-8)=r1', '*(u64 *)(r10 -8) = r1'],
  ['* ( u8 * ) ( r1 + 0 ) = 7', '*(u8 *)(r1 +0) = 7'],
  ['r3 = *(s8 *)(r0 + 2)', 'r3 = *(s8 *)(r0 +2)'],
  ['lock *(u64 *)(r0+0) += r1', 'lock *(u64 *)(r0 +0) += r1'],
  ['w1 = atomic_fetch_or((u32 *)(r2 + 4), w1)', 'r1 = atomic_fetch_or((u32 *)(r2 +4), r1)'],
  ['r1 = xchg_64(r2 - 8, r1)', 'r1 = atomic64_xchg((u64 *)(r2 -8), r1)'],
  ['w0 = cmpxchg32_32(r2 + 0, w0, w3)', 'r0 = atomic_cmpxchg((u32 *)(r2 +0), r0, r3)'],
  ['r1 s>>= r2', 'r1 s>>= r2'],
  ['w1 s/= 3', 'w1 s/= 3'],
  ['r1 %%= 7', 'r1 %= 7'],
  ['r1 = -r1', 'r1 = -r1'],
  ['r3 = be16 r3', 'r3 = be16 r3'],
  ['r4 = bswap32 r4', 'r4 = bswap32 r4'],
  ['r5 = (s8)r1', 'r5 = (s8)r1'],
  ['r1 = addr_space_cast(r2, 0, 1)', 'r1 = addr_space_cast(r2, 0, 1)'],
  ['r0 = *(u16 *)skb[r6]', 'r0 = *(u16 *)skb[r6 + 0]'],
  ['if w1 s>= w2 goto +3', 'if w1 s>= w2 goto pc+3'],
  ['may_goto +2', 'may_goto pc+2'],
  ['gotol -1', 'gotol pc-1'],
  ['call 7', 'call bpf_get_prandom_u32#7'],
  ['.8byte 0x0000000500000ab7', 'r10 = 5'],
])('asm text %s', ([text, want]) => {
  expect(naked(text)).toEqual([want]);
});

test('labels: by name, made unique, and numbered ones before and behind', () => {
  expect(
    naked('if r1 == 0 goto out_%=; 1: r1 += -1; if r1 != 0 goto 1b; goto 1f; r0 = 1; 1: out_%=: exit'),
  ).toEqual(['if r1 == 0x0 goto pc+4', 'r1 += -1', 'if r1 != 0x0 goto pc-2', 'goto pc+1', 'r0 = 1', 'exit']);
});

test('operands are numbers, helpers, bytes of an instruction, members of a struct', () => {
  const operands =
    ': [n] "i"(sizeof(struct bpf_insn)), [call] "i"(bpf_get_prandom_u32), ' +
    '[off] "i"(__builtin_offsetof(struct __sk_buff, mark)), ' +
    '[insn] "i"(*(long *)&(struct bpf_insn){ .code = 0xb7, .dst_reg = 3, .imm = 77 })';
  expect(
    naked('r1 = %[n]; call %[call]; r0 = *(u32 *)(r1 + %[off]); .8byte %[insn]; exit', operands),
  ).toEqual(['r1 = 8', 'call bpf_get_prandom_u32#7', 'r0 = *(u32 *)(r1 +8)', 'r3 = 77', 'exit']);
});

test('a register holds all of what a cast to short or char narrows, and an int with zeros above it', () => {
  const asked = (type: string): string[] =>
    instructions(
      `SEC("socket") long f(void) { long x; asm volatile("%0 = *(u64 *)(r1 + 0)" : "=r"(x));` +
        ` asm volatile("%0 += %0" :: "r"((${type})x)); return 0; }`,
    );
  const whole = ['r1 = *(u64 *)(r1 +0)', 'r1 += r1', 'r0 = 0', 'exit'];
  expect([asked('long'), asked('short'), asked('char')]).toEqual([whole, whole, whole]);
  expect(asked('int')).toEqual([whole[0], 'w1 = w1', ...whole.slice(1)]);
});

test('a negative number means the same in a register and in the text', () => {
  const compared = (constraint: string): string[] =>
    instructions(
      `SEC("socket") long f(void) { long x; asm volatile("%0 = *(u64 *)(r1 + 0)" : "=r"(x)); int least = -5;` +
        ` asm volatile("%0 = %1" :: "r"(x), ${constraint}(least)); return 0; }`,
    );
  expect(compared('"ri"')).toContain('r2 = -5');
  expect(compared('"r"')).toContain('w2 = -5');
});

test('a text may call a static function and take a map by name', () => {
  const { object } = compiled(`
    struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 1); __type(key, int); __type(value, int); } m SEC(".maps");
    static __attribute__((noinline, used)) int g(void) { return 4; }
    SEC("socket") __naked void f(void) { asm volatile("r1 = %[m] ll; call g; exit" : : [m] "i"(&m)); }`);
  const file = readElf(must(object, 'object'));
  const code = must(
    file.sections.find(({ name }) => name === 'socket'),
    'section',
  );
  expect(file.relocs(code.index).map((r) => [r.offset / 8, file.symbols[r.symbol]?.name])).toEqual([
    [0, 'm'],
    [2, '.text'],
  ]);
});

test('repetitions, macros and conditions in a text', () => {
  const text = `
    .macro put at, value=7
    *(u64 *)(r10 - \\\\at) = \\\\value
    .endm
    .rept 2; r0 += 1; .endr
    .irp n, 8, 16; put \\\\n; .endr
    put 24, 9
    .if 2 * 3 - 6; r0 = 1; .else; r0 = 2; .ifc a,a; r0 = 3; .endif; .endif
    exit`;
  expect(naked(text.replaceAll('\n', '\\n'))).toEqual([
    'r0 += 1',
    'r0 += 1',
    '*(u64 *)(r10 -8) = 7',
    '*(u64 *)(r10 -16) = 7',
    '*(u64 *)(r10 -24) = 9',
    'r0 = 2',
    'r0 = 3',
    'exit',
  ]);
});

test('a condition on the register that an operand is given', () => {
  const bytes = Array.from({ length: 10 }, (_, n) => `.ifc %[p], r${n}; .byte 0x${n}${n}; .endif; `).join('');
  expect(
    instructions(`SEC("socket") int f(void *ctx) { void *p = ctx;
      asm volatile(".byte 0xbf; ${bytes} .short %[off]; .long %[as]" : [p] "+r"(p) : [off] "i"(1), [as] "i"(1));
      return *(int *)p; }`),
  ).toEqual(
    ['r1 = addr_space_cast(r1, 0, 1)', 'w0 = *(u32 *)(r1 +0)', 'exit'].map((line) =>
      expect.stringContaining(line.slice(5)),
    ),
  );
});

test('text that never runs may be no assembly', () => {
  expect(
    instructions(
      'SEC("socket") int f(void *ctx) { if (0) asm volatile("r0 s== %0" : : "r"(ctx)); return 3; }',
    ),
  ).toEqual(['w0 = 3', 'exit']);
});

test('several outputs, tied operands and memory', () => {
  const lines = instructions(`SEC("socket") long f(void *ctx) {
    long a, b = 3, c = 4, m = 5;
    asm volatile("%0 = 1; %1 += %2; %[c] += %3; %2 = *(u64 *)%[m]"
                 : "=&r"(a), "+r"(b), [c] "=r"(c) : "i"(9), "2"(c), [m] "m"(m));
    return a + b + c;
  }`);
  expect(lines.filter((line) => line.includes(' += 9'))).toHaveLength(1);
  expect(lines.some((line) => /= \*\(u64 \*\)\(r\d \+0\)/.test(line))).toBe(true);
});

test('asm goto', () => {
  expect(
    instructions(`SEC("socket") int f(void *ctx) {
      asm volatile goto("if %0 == 0 goto %l[out]" : : "r"(ctx) : : out);
      return 1;
    out:
      return 2; }`),
  ).toEqual(['if r1 == 0x0 goto pc+2', 'w0 = 1', 'goto pc+1', 'w0 = 2', 'exit']);
});

test('data of a jump goes to a label of asm goto', () => {
  expect(
    instructions(`SEC("socket") int f(void *ctx) {
      asm volatile goto("1:.byte 0xe5; .byte 0; .long ((%l[out] - 1b - 8) / 8) & 0xffff; .short 0" : : : : out);
      return 1;
    out:
      return 2; }`),
  ).toEqual(['may_goto pc+2', 'w0 = 1', 'goto pc+1', 'w0 = 2', 'exit']);
});

test('variables that choose their register stand there in assembly', () => {
  expect(
    instructions(`SEC("socket") long f(long *c) {
    register long a asm("r1") = c[1]; register long b asm("r2") = 7;
    register long r asm("r0"); register int w asm("w7") = 3;
    asm volatile("call 5; %w[w] += 1" : "=r"(r), [w] "+w"(w) : "r"(a), "r"(b) : "r3", "r4", "r5");
    return r + (unsigned)w; }`),
  ).toEqual([
    'r1 = *(u64 *)(r1 +8)',
    'w7 = 3',
    'r2 = 7',
    'call bpf_ktime_get_ns#5',
    'w7 += 1',
    'r1 = r0',
    'w0 = w7',
    'r0 += r1',
    'exit',
  ]);
});

const ALL = Array.from({ length: 10 }, (_, n) => `"r${n}"`).join(', ');

test('asm goto gives its values on every way, kept in memory where registers are few', () => {
  const lines = instructions(`SEC("socket") int f(int *c) {
    long a = c[0], b, d = c[1];
    asm volatile goto("%0 += 3; %1 = 5; if %2 == 0 goto %l[out]" : "+r"(a), "=&r"(b) : "r"(d) : : out);
    asm volatile("r0 = 1" : : : ${ALL});
    return a + b;
  out:
    asm volatile("r0 = 2" : : : ${ALL});
    return a * 2 + b; }`);
  const jump = lines.findIndex((line) => /^if r\d == 0x0 goto/.test(line));
  const leadsTo = (at: number): number => at + 1 + Number(/pc([+-]\d+)/.exec(lines[at] ?? '')?.[1]);
  const from = (at: number): string => {
    const line = lines[at] ?? '';
    return line.startsWith('goto') ? from(leadsTo(at)) : line;
  };
  // Both ways begin with keeping what was made.
  for (const at of [jump + 1, leadsTo(jump)]) expect(from(at)).toMatch(/^\*\(u64 \*\)\(r10 -\d+\) = r\d$/);
});

test('a call through a pointer that nobody knows is callx, which no verifier takes', () => {
  const { object } = compiled(
    'struct ops { int (*run)(int, long); }; SEC("socket") int f(struct ops *o) { return o->run(3, 5); }',
  );
  const section = readElf(must(object, 'object')).sections.find(({ name }) => name === 'socket');
  const calls = decodeInsns(must(section, 'section').data).filter(({ code }) => code === 0x8d);
  // clang 19 names the register in dst.
  expect(calls).toEqual([{ code: 0x8d, dst: 3, src: 0, off: 0, imm: 0 }]);
});

test.for<[string, string]>([
  ['asm volatile("r1 = = 2");', 'invalid BPF assembly: "r1 = = 2"'],
  [
    'asm volatile("if %0 s== %[b] goto +1" : : "r"(c), [b] "r"(1));',
    'invalid BPF assembly: "if %0 s== %[b] goto +1"',
  ],
  ['asm volatile(".rept 2; r0 = 1");', 'invalid BPF assembly: ".rept 2"'],
  ['asm volatile(".rept 999999; .rept 999999; .endr; .endr");', 'invalid BPF assembly: ".rept 999999"'],
  ['asm volatile("goto nowhere");', 'invalid BPF assembly: "goto nowhere"'],
  ['asm volatile("r11 = 2");', 'invalid BPF assembly: "r11 = 2"'],
  ['int x = (long)c; asm volatile("r1 = %0" : : "i"(x));', 'the operand of constraint "i" is not constant'],
  [
    'asm volatile("r1 = %0" : : "r"(c) : "r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7", "r8", "r9");',
    'inline assembly requires more registers than available',
  ],
])('%s is refused', ([text, message]) => {
  const { object, diagnostics } = compiled(`SEC("socket") int f(void *c) { ${text} return 0; }`);
  expect(object).toBeNull();
  const errors = diagnostics.filter(({ severity }) => severity === 'error');
  expect(errors.map((d) => d.message)).toEqual([message]);
});

test('a static function that only assembly calls is there', () => {
  const { object } = compiled(
    `static __naked __attribute__((noinline)) int sub(void) { asm volatile("r0 = 1; exit;"); }
     SEC("socket") __naked int f(void) { asm volatile("call %[sub]; exit;" : : [sub] "i"(sub)); }`,
  );
  expect(readElf(must(object, 'object')).symbols.map(({ name }) => name)).toContain('sub');
});

test('a text may call a function of the kernel that the program has declared', () => {
  const { object } = compiled(
    `extern void bpf_throw(unsigned long cookie) __attribute__((section(".ksyms")));
     SEC("socket") int f(void *c) { (void)bpf_throw; asm volatile("r1 = 1; call bpf_throw" : : : "r1"); return 0; }`,
  );
  const file = readElf(must(object, 'object'));
  const section = must(file.section('socket'), 'section');
  const called = file.relocs(section.index).map(({ offset, symbol }) => [offset, file.symbols[symbol]?.name]);
  expect(called).toEqual([[8, 'bpf_throw']]);
});
