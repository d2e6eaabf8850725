/**
 * C in, numbers out: each snippet is compiled to an object, its data placed in memory, its code linked and
 * run, and the result is what C says. `a` and `b` are unknown to the optimiser.
 */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Insn } from '../abi/insn.ts';
import { decodeInsns, INSN_BYTES } from '../abi/insn.ts';
import * as bpf from '../abi/opcode.ts';
import * as elf from '../elf/elf.ts';
import { readElf } from '../elf/read.ts';
import { openObject } from '../libbpf/open.ts';
import { Code } from '../vm/code.ts';
import { Processor } from '../vm/processor.ts';
import { runProg } from '../vm/run.ts';
import { emptyKernel, insn, ldImm64, recordedBtf } from '../vm/testing.ts';
import { compile } from './compile.ts';
import type { CompileInput } from './compile.ts';

const cases = join(import.meta.dirname, '../../../recorded/linux-6.12/cases');
const kernel = emptyKernel();
const processor = new Processor(kernel);
const HEADER = '#include "vmlinux.h"\n#include <bpf/bpf_helpers.h>\n#include <bpf/bpf_endian.h>\n';

type Variant = Pick<CompileInput, 'cpu' | 'optimise'>;

function objectOf(source: string, variant: Variant = {}): Uint8Array {
  const { object, diagnostics } = compile({
    path: 'test.bpf.c',
    text: HEADER + source,
    kernelBtf: recordedBtf(),
    ...variant,
  });
  expect(diagnostics.filter((d) => d.severity === 'error').map((d) => d.message)).toEqual([]);
  return object!;
}

/** Places the object in memory and runs `f(a, b)`. Static linking in miniature. */
function run(source: string, a: bigint, b: bigint, variant: Variant = {}): bigint | string {
  const file = readElf(objectOf(source, variant));
  const code = file.sections.filter((s) => (s.flags & elf.SHF_EXECINSTR) !== 0);
  const start = new Map<number, number>();
  const prologue = [...ldImm64(1, a), ...ldImm64(2, b)];
  const insns: Insn[] = [
    ...prologue,
    insn(bpf.BPF_JMP | bpf.BPF_CALL, { src: 1 }),
    insn(bpf.BPF_JMP | bpf.BPF_EXIT),
  ];
  for (const section of code) {
    start.set(section.index, insns.length);
    insns.push(...decodeInsns(section.data));
  }
  const data = new Map<number, bigint>();
  for (const s of file.sections) {
    if ((s.flags & elf.SHF_ALLOC) === 0 || code.includes(s) || s.size === 0) continue;
    const at = kernel.mem.alloc(s.size);
    if (s.type !== elf.SHT_NOBITS) kernel.mem.setBytes(at, s.data);
    else kernel.mem.fill(at, s.size, 0);
    data.set(s.index, at);
  }
  for (const s of file.sections)
    for (const reloc of file.relocs(s.index)) {
      const symbol = file.symbols[reloc.symbol]!;
      const target = data.get(symbol.section);
      const base = start.get(s.index);
      if (base === undefined) {
        const where = data.get(s.index);
        if (where !== undefined && target !== undefined)
          kernel.mem.setU64(
            where + BigInt(reloc.offset),
            kernel.mem.u64(where + BigInt(reloc.offset)) + target + BigInt(symbol.value),
          );
        continue;
      }
      const index = base + reloc.offset / INSN_BYTES;
      const at = insns[index]!;
      if (reloc.type === elf.R_BPF_64_32)
        insns[index] = {
          ...at,
          imm: start.get(symbol.section)! + symbol.value / INSN_BYTES + at.imm - index,
        };
      else if (target !== undefined)
        insns.splice(index, 2, ...ldImm64(at.dst, target + BigInt(symbol.value + at.imm)));
    }
  const entry = file.symbols.find((s) => s.name === 'f')!;
  const call = prologue.length;
  insns[call] = { ...insns[call]!, imm: start.get(entry.section)! + entry.value / INSN_BYTES - call - 1 };
  const code2 = new Code({ insns, linker: { helper: () => null, kfunc: () => null }, base: 0x1000n });
  const result = runProg(processor, code2, { ctx: 0n, fuel: 100_000 });
  return 'r0' in result ? result.r0 : `${result.abort} at ${result.pc}`;
}

const L = 'SEC("iter/task") long f(long a, long b)';
/** What it shows, the program, a, b, f(a, b). */
const programs: readonly [title: string, source: string, a: bigint, b: bigint, want: bigint][] = [
  ['integers are promoted', `${L} { unsigned char c = a; return -c; }`, 300n, 0n, -44n],
  ['signed char keeps its sign', `${L} { signed char c = a; return c; }`, 0x1f0n, 0n, -16n],
  ['char wraps when it is incremented', `${L} { unsigned char c = a; c++; return c; }`, 255n, 0n, 0n],
  ['int shifts right arithmetically', `${L} { int i = a; return i >> 4; }`, 0xffffff00n, 0n, -16n],
  ['unsigned is not sign-extended', `${L} { unsigned i = a; return i >> 4; }`, 0xffffff00n, 0n, 0xffffff0n],
  ['int and unsigned compare unsigned', `${L} { int i = a; return i > 5u; }`, -1n, 0n, 1n],
  [
    'a sum of int that wraps is negative',
    `unsigned short g = 256; ${L} { int i = g + 2147483647; return i; }`,
    0n,
    0n,
    -2147483393n,
  ],
  ['_Bool is 0 or 1', `${L} { _Bool c = a; return c + 1; }`, 256n, 0n, 2n],
  ['unsigned division', `${L} { return (unsigned long)a / (unsigned)b; }`, 1000n, 7n, 142n],
  ['remainder', `${L} { return (unsigned)a % 10u; }`, 1234n, 0n, 4n],
  [
    'logical operators stop early',
    `long n; static int t(long x) { n++; return x; } ${L} { (void)(t(a) && t(b)); (void)(t(a) || t(b)); return n; }`,
    0n,
    1n,
    3n,
  ],
  ['conditional without a middle', `${L} { return a ?: b; }`, 0n, 9n, 9n],
  [
    'comma and assignment are values',
    `${L} { long x, y; x = (y = a, y + b); return x * 10 + y; }`,
    3n,
    4n,
    73n,
  ],
  [
    'compound assignment',
    `${L} { int x = a; x += b; x <<= 2; x ^= 1; x -= 3; x *= 2; x &= ~1; x |= 8; return x; }`,
    3n,
    4n,
    60n,
  ],
  [
    'loops, break and continue',
    `${L} { long s = 0; for (int i = 0; i < a; i++) { if (i == 2) continue; if (i == b) break; s += i; } return s; }`,
    10n,
    5n,
    8n,
  ],
  ['do runs once', `${L} { long n = 0; do n++; while (n < a); return n; }`, 0n, 0n, 1n],
  [
    'while with two variables',
    `${L} { long x = a, y = b; while (y) { long t = y; y = (unsigned long)x % (unsigned long)y; x = t; } return x; }`,
    48n,
    36n,
    12n,
  ],
  [
    'switch falls through',
    `${L} { long r = 0; switch (a) { case 1: r += 1; case 2: r += 10; break; case 5 ... 7: r = 57; break; default: r = -1; } return r; }`,
    1n,
    0n,
    11n,
  ],
  [
    'switch ranges',
    `${L} { switch ((int)a) { case 1: return 1; case 5 ... 7: return 57; default: return -1; } }`,
    6n,
    0n,
    57n,
  ],
  [
    'goto out of loops',
    `${L} { long i, j; for (i = 0; i < 9; i++) for (j = 0; j < 9; j++) if (i * j == a) goto out; return -1; out: return i * 10 + j; }`,
    42n,
    0n,
    67n,
  ],
  [
    'structs are copied',
    `struct ours { int x; char c[5]; long y; }; ${L} { struct ours p = { a, "ab", b }, q = p; p.x = 0; return q.x + q.c[1] + q.y; }`,
    1n,
    2n,
    101n,
  ],
  [
    'a cleared struct',
    `struct ours { int x; short z; long y; }; ${L} { struct ours p = {}; p.z = a; return p.x + p.z + p.y; }`,
    7n,
    0n,
    7n,
  ],
  [
    'structs are returned',
    `struct ours { long x, y, z; }; static struct ours make(long a) { struct ours r = { a, a + 1, a + 2 }; return r; } ${L} { struct ours q = make(a); return q.x * 100 + q.y * 10 + q.z; }`,
    1n,
    0n,
    123n,
  ],
  [
    'structs are passed',
    `struct ours { int x, y; }; static __noinline long sum(struct ours *p) { return p->x + p->y; } ${L} { struct ours p = { a, b }; return sum(&p); }`,
    40n,
    2n,
    42n,
  ],
  [
    'bit-fields',
    `struct ours { unsigned a:3; int b:5; unsigned long c:40; }; ${L} { struct ours p = {}; p.a = a; p.b = b; p.c = 0xffffffffffUL; p.c += 2; return p.a * 1000 + p.b * 10 + p.c; }`,
    13n,
    31n,
    4991n,
  ],
  [
    'the value of an assignment to a bit-field is what it then holds',
    `struct ours { unsigned a:3; int b:4; }; ${L} { struct ours p = {}; long x = --p.a; long y = (p.b = a); return x * 100 + y; }`,
    9n,
    0n,
    693n,
  ],
  [
    'a bit-field that fits into int is an int, whatever it was declared as',
    `struct ours { unsigned long u:6; long s:23; }; ${L} { struct ours p = { 5, 9 }; return (a > p.u) * 10 + (p.s - (unsigned)b > 100); }`,
    -1n,
    20n,
    1n,
  ],
  [
    'packed bit-fields that cross every unit stay inside their record',
    `struct ours { int x; char c:3; int d:8; unsigned long e:63; short f:15; } __attribute__((packed)); ${L} { struct ours p[2] = { { .e = 1UL << 62, .f = b }, { .x = 7 } }; p[0].e |= a; p[0].f += 2; return (p[0].e >> 40) + p[0].f * 10 + p[1].x + (p[0].e & 7) * 100; }`,
    5n,
    -9n,
    (1n << 22n) - 70n + 7n + 500n,
  ],
  [
    'division of what cannot be negative',
    `${L} { unsigned char c = a; unsigned short d = b; return c / (d | 1) * 100 + c % (d | 1); }`,
    200n,
    6n,
    2804n,
  ],
  [
    'pointers to objects of odd size',
    `struct ours { char c[12]; }; static struct ours t[9]; ${L} { struct ours *p = &t[a], *q = &t[b]; return p - q; }`,
    2n,
    8n,
    -6n,
  ],
  [
    'unions share bytes',
    `union u { int i; unsigned char c[4]; }; ${L} { union u x; x.i = a; return x.c[1]; }`,
    0x1234n,
    0n,
    0x12n,
  ],
  [
    'arrays and pointers',
    `int t[4] = { 1, 2, 3, 4 }; ${L} { int *p = t + 1; p[1] += a; return *(p + 1) + (&t[3] - p); }`,
    10n,
    0n,
    15n,
  ],
  [
    'two dimensions',
    `${L} { int m[3][2] = { { 1, 2 }, { 3, 4 }, { 5, 6 } }; return m[a & 3][b & 1]; }`,
    2n,
    1n,
    6n,
  ],
  [
    'designators',
    `struct ours { int a, b[3], c; }; ${L} { struct ours x = { .c = a, .b = { [1] = b } }; return x.a + x.b[1] * 10 + x.c; }`,
    1n,
    2n,
    21n,
  ],
  [
    'compound literals',
    `struct ours { int x, y; }; static __noinline int sum(struct ours *p) { return p->x + p->y; } ${L} { return sum(&(struct ours){ a, b }); }`,
    1n,
    2n,
    3n,
  ],
  [
    'static locals live on',
    `static __noinline int next(void) { static int n = 5; return n++; } ${L} { next(); next(); return next(); }`,
    0n,
    0n,
    7n,
  ],
  [
    'globals of every section',
    `int d = 3; long z; const volatile int r = 4; static char s[] = "xy"; ${L} { z += d + r + s[1]; return z; }`,
    0n,
    0n,
    128n,
  ],
  [
    'pointers in data',
    `int x = 7; int *p = &x; const char *const names[] = { "ab", "cd" }; ${L} { return *p + names[a & 1][1]; }`,
    1n,
    0n,
    107n,
  ],
  ['statement expressions', `${L} { return ({ long t = a; t * t; }) + b; }`, 5n, 1n, 26n],
  [
    'cleanup runs on every way out',
    `long n; static void done(int *p) { n = n * 10 + *p; } static __noinline int g(long a) { int x __attribute__((cleanup(done))) = 1; if (a) return 5; { int y __attribute__((cleanup(done))) = 2; } return 6; } ${L} { int r = g(a); return n * 10 + r + g(b) + n * 1000; }`,
    1n,
    0n,
    121021n,
  ],
  [
    'byte order',
    `${L} { return bpf_htons(a) + bpf_ntohl((__u32)b); }`,
    0x1234n,
    0x01020304n,
    0x04030201n + 0x3412n,
  ],
  ['64-bit constants', `${L} { return a ^ 0x123456789abcdef0L; }`, 0n, 0n, 0x123456789abcdef0n],
  [
    'memcpy, memset, memcmp',
    `${L} { char x[13], y[13]; __builtin_memset(x, 'a', 13); __builtin_memcpy(y, x, 13); y[12] = a; return __builtin_memcmp(x, y, 13); }`,
    98n,
    0n,
    -1n,
  ],
  [
    'atomics',
    `long n = 5; ${L} { long old = __sync_fetch_and_add(&n, a); __sync_fetch_and_or(&n, 64); long was = __sync_val_compare_and_swap(&n, old + a + 64, b); return n * 10000 + was * 10 + old; }`,
    2n,
    9n,
    90715n,
  ],
  [
    'more live values than registers',
    `static __noinline long g(long x) { return x + 1; } ${L} { long c = g(a), d = g(b), e = g(c), h = g(d), i = g(e), j = g(h), k = g(i); return a + b * 2 + c * 3 + d * 4 + e * 5 + h * 6 + i * 7 + j * 8 + k * 9; }`,
    1n,
    2n,
    175n,
  ],
  [
    'recursion is a call',
    `static __noinline long fib(long n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); } ${L} { return fib(a); }`,
    7n,
    0n,
    13n,
  ],
  [
    'functions by constant pointer',
    `static long g(long x) { return x * 2; } ${L} { long (*p)(long) = g; return p(a); }`,
    21n,
    0n,
    42n,
  ],
  [
    'popcount and friends',
    `${L} { return __builtin_popcountl(a) * 10000 + __builtin_ctzl(a) * 100 + __builtin_clz((unsigned)b); }`,
    0xff0n,
    1n,
    80431n,
  ],
  [
    'inline assembly',
    `${L} { long r; asm volatile("%[r] = %[x]; %[r] <<= 2; if %[r] > 40 goto +1; %[r] += 1" : [r] "=r"(r) : [x] "r"(a)); return r; }`,
    3n,
    0n,
    13n,
  ],
  [
    'what assembly gives and where it jumps to, with no register left to keep it in',
    `${L} { long c; asm volatile goto("%0 += 3; %1 = 5; if %2 == 0 goto %l[out]" : "+r"(a), "=&r"(c) : "r"(b) : : out);
     asm volatile("r0 = 1" : : : "r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7", "r8", "r9"); return a + c;
     out: asm volatile("r0 = 1" : : : "r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7", "r8", "r9"); return a * 2 + c; }`,
    7n,
    0n,
    25n,
  ],
  [
    'an unrolled loop counts as it would',
    `static const int t[] = { 3, 1, 4, 1, 5 }; ${L} { long n = 0;
     _Pragma("unroll") for (int i = 0; i < 5; i++) { if (t[i] == a) continue; n = n * 10 + t[i]; } return n; }`,
    1n,
    0n,
    345n,
  ],
  [
    'an unrolled loop whose body moves the counter',
    `${L} { long n = 0; _Pragma("clang loop unroll(full)") for (int i = 0; i < 6; i++) { if (a) i++; n += i; } return n; }`,
    1n,
    0n,
    9n,
  ],
  [
    'a loop too large to be unrolled to its end, and left before it',
    `${L} { volatile long v = 0;
#define T(x) x x x x
     _Pragma("unroll") for (int i = 0; i < 200; i++) { T(T(T(v++;))) if (v == a) break; } return v; }`,
    64n * 123n,
    0n,
    64n * 123n,
  ],
  [
    'a loop of which four rounds are one',
    `${L} { long n = 0, i = 0; _Pragma("unroll 4") while (i < a) n += i++; _Pragma("GCC unroll 3") do n++; while (n < b); return n; }`,
    10n,
    50n,
    50n,
  ],
  [
    'sums and differences that overflow',
    `${L} { int i; unsigned char c; unsigned long u; long l;
     return __builtin_add_overflow(0x7fffffff, (int)a, &i) | __builtin_sub_overflow((int)a, 3, &i) << 1 |
       __builtin_mul_overflow((int)b, 3, &c) << 2 | (c == 44) << 3 | __builtin_add_overflow(-1ul, (unsigned long)a, &u) << 4 |
       __builtin_sub_overflow(a, b, &l) << 5 | __builtin_mul_overflow(1ul << 40, (unsigned long)b << 20, &u) << 6 |
       __builtin_add_overflow(0x7fffffffffffffffl, a, &l) << 7; }`,
    1n,
    100n,
    0b1101_1101n,
  ],
  [
    'products of two numbers of 32 bits in 64',
    `${L} { long l, m; return __builtin_mul_overflow((int)a, (int)b, &l) + __builtin_mul_overflow((unsigned)a, (int)b, &m) + l + m; }`,
    -3n,
    5n,
    -15n + (2n ** 32n - 3n) * 5n,
  ],
  [
    'sums and differences of 64 bits whose types differ',
    `${L} { unsigned long u; long l; int i; unsigned char c; unsigned int w; long n = 0;
#define T(e) n = n * 2 + (e)
     T(__builtin_add_overflow((unsigned long)a, b, &u)); n ^= u << 20; T(__builtin_sub_overflow((unsigned long)a, b, &u)); n ^= u << 21;
     T(__builtin_add_overflow(a, (unsigned long)b, &l)); n ^= l << 22; T(__builtin_sub_overflow(a, (unsigned int)b, &l)); n ^= l << 23;
     T(__builtin_add_overflow(a, b, &i)); n ^= (long)i << 24; T(__builtin_sub_overflow((unsigned long)a, (unsigned long)b, &l)); n ^= l << 25;
     T(__builtin_add_overflow(a, b, &c)); n ^= (long)c << 26; T(__builtin_add_overflow((int)a, (unsigned int)b, &u)); n ^= u << 27;
     T(__builtin_sub_overflow((unsigned long)a, b, &w)); n ^= (long)w << 28; return n; }`,
    -5n,
    200n,
    0xf000000c30000109n,
  ],
  [
    'floating constants that become integers',
    `${L} { return (long)(0.5 * 3) + (long)-1e9 + (a < (long)(10E9 / 2)) + (int)(7 / 2.0 + .5); }`,
    1n,
    0n,
    6n - 10n ** 9n,
  ],
  [
    'memset of a byte known later, memcpy of a size known after inlining',
    `static __always_inline void put(void *to, const void *from, int n) { __builtin_memcpy(to, from, n); }
     ${L} { char t[8]; char f[4]; __builtin_memset(t, a, 8); __builtin_memset(f, b, 4); put(t + 2, f, 3); return *(long *)t; }`,
    0x11n,
    0x22n,
    0x111111_222222_1111n,
  ],
  [
    'labels of a block, and a statement expression whose value has one',
    `#define TEST(x) ({ __label__ yes; _Bool ret = 1; if (x) goto yes; ret = 0; yes: ret; })
     ${L} { return TEST(a > 3) * 10 + TEST(b > 3) + 100 * TEST(a + b); }`,
    4n,
    2n,
    110n,
  ],
  [
    'constants that are made of constants',
    `static const unsigned long scale = 41, rate = scale * 10; ${L} { static const int n = rate / 41; return n + a; }`,
    1n,
    0n,
    11n,
  ],
  [
    'texts of literals are compared while compiling',
    `#define SAME(x, y) (__builtin_strcmp(#x, #y) == 0)
     ${L} { return SAME(==, ==) + 2 * SAME(==, =) + 4 * (__builtin_strcmp("a", "b") < 0); }`,
    0n,
    0n,
    5n,
  ],
  [
    'texts that inlining brings are compared and counted',
    `static __always_inline int id(const char *const f) { return __builtin_strcmp("a.c", f) ? 6 : 5; }
     static __always_inline long len(const char *s) { return __builtin_strlen(s); }
     static const char name[] = "seven77";
     ${L} { return id("b.c") * 100 + len("four") * 10 + len(name); }`,
    0n,
    0n,
    647n,
  ],
  [
    'signed divisions of what is not negative, and under comparisons',
    `#define TESTS(x) ((x % 4 == 0) + 2 * (x / 100 < 3) + 4 * (x / 100 > -3) + 8 * (x / 7 <= -2) + 16 * (x / 7 >= 0))
     ${L} { long n = 0; if (a >= 0) n = a / 7 + a % 16; return n * 10000 + TESTS(a) * 100 + TESTS(b); }`,
    300n,
    -299n,
    BigInt((Math.trunc(300 / 7) + (300 % 16)) * 10000 + (1 + 4 + 16) * 100 + (2 + 4 + 8)),
  ],
  [
    'a variable in scope whose declaration a case has passed keeps its bytes',
    `static __attribute__((noinline)) void set(long *p, long v) { *(volatile long *)p = v; }
     ${L} { long *p = 0, r = 0;
       switch (a) {
       case 0:; long x; set(&x, 7); r = x; break;
       case 1:; long y; p = &y; set(&y, 1);
       case 2: set(&x, 100); r = x; if (p) r += *(volatile long *)p;
       }
       return r; }`,
    1n,
    0n,
    101n,
  ],
  [
    'a variable in scope whose declaration a goto has passed keeps its bytes',
    `static __attribute__((noinline)) void set(long *p, long v) { *(volatile long *)p = v; }
     ${L} { long *p = 0, r = 0;
       if (a) goto second;
       long x; set(&x, 7);
       first: set(&x, 100); r = x; if (p) r += *(volatile long *)p;
       return r;
       second:; long y; p = &y; set(&y, 1);
       goto first; }`,
    1n,
    0n,
    101n,
  ],
  [
    'floating constants that become integers',
    `enum { SECOND = (int)1e9 };
     ${L} { const __u64 limit = 10E9; unsigned char c = 2.75; return limit / SECOND * 1000 + (long)1.5e2 + c + a; }`,
    3n,
    0n,
    10_155n,
  ],
  [
    'barrier_var costs nothing and changes nothing',
    `${L} { long r = a; asm volatile("" : "+r"(r)); return r + b; }`,
    3n,
    4n,
    7n,
  ],
];

test.for(programs)('%s', ([, source, a, b, want]) => {
  expect(run(source, a, b)).toBe(BigInt.asUintN(64, want));
});

test.for<[string, Variant]>([
  ['v1', { cpu: 'v1' }],
  ['v2', { cpu: 'v2' }],
  ['v4', { cpu: 'v4' }],
  ['no optimisation', { optimise: false }],
  ['no optimisation for v1', { cpu: 'v1', optimise: false }],
])('the same for %s', ([, variant]) => {
  const wrong = programs
    // It wants an atomic operation that v1 and v2 do not have.
    .filter(([, source]) => !/atomic|sync/.test(source) || (variant.cpu !== 'v1' && variant.cpu !== 'v2'))
    .filter(([, source, a, b, want]) => run(source, a, b, variant) !== BigInt.asUintN(64, want))
    .map(([title]) => title);
  expect(wrong).toEqual([]);
});

test('more stack than there is', () => {
  const { object, diagnostics } = compile({
    path: 'big.bpf.c',
    text: `${HEADER}char L[] SEC("license") = "GPL"; SEC("iter/task") int f(void *c) { char b[600]; bpf_get_current_comm(b, 600); return 0; }`,
    kernelBtf: recordedBtf(),
  });
  expect(object).toBeNull();
  expect(diagnostics.map((d) => d.message)).toEqual(["'f' needs 600 bytes of stack; BPF programs have 512"]);
});

const recorded = readdirSync(cases).filter((name) => !name.includes('.'));
test.for(recorded)('%s: libbpf finds in our object what it finds in clang’s', (name) => {
  const path = join(cases, name, `${name}.bpf.c`);
  const files = (wanted: string): string | null =>
    wanted === 'lab.h' ? readFileSync(join(cases, 'lab.h'), 'utf8') : null;
  const { object } = compile({ path, text: readFileSync(path, 'utf8'), files, kernelBtf: recordedBtf() });
  const open = (bytes: Uint8Array) => {
    const result = openObject(bytes, { path: `/lab/obj/${name}.o` });
    if (!result.ok) return result.messages;
    const { programs, maps } = result.object;
    return {
      programs: new Set(programs.map((p) => `${p.section} ${p.name}`)),
      // clang keeps some initial values of arrays in sections of their own.
      maps: new Map(
        maps
          .filter((m) => !m.name.startsWith('.rodata.'))
          .map(({ name: map, def }) => [
            map,
            [def.type, def.keySize, def.valueSize, def.maxEntries, def.flags],
          ]),
      ),
    };
  };
  const clang = Uint8Array.from(readFileSync(join(cases, name, `${name}.clang.o`)));
  expect(open(object!)).toEqual(open(clang));
});

test('more variables in a section than BTF can count are refused', () => {
  const text = Array.from({ length: 65_536 }, (_, i) => `int x${i};`).join('\n');
  const { object, diagnostics } = compile({ path: 't.c', text, kernelBtf: recordedBtf() });
  expect(object).toBeNull();
  expect(diagnostics.map(({ line, message }) => `${line} ${message}`)).toEqual([
    "65536 section '.bss' has more than 65535 variables: BTF cannot list them",
  ]);
});
