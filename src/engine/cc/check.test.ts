/** Typing rules, as C programs whose static assertions must all hold, and mistakes with the message each must get. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { beforeAll, describe, expect, test } from 'vitest';
import { Btf } from '../btf/parse.ts';
import { frontend } from './parse.ts';

const RECORDED = join(import.meta.dirname, '../../../recorded/linux-6.12');
let kernelBtf: Btf;
beforeAll(() => {
  kernelBtf = Btf.parse(gunzipSync(readFileSync(join(RECORDED, 'kernel/vmlinux.btf.gz'))));
});

const PRELUDE = '#include "vmlinux.h"\n#include <bpf/bpf_helpers.h>\n#include <bpf/bpf_core_read.h>\n';

/** Messages about a program, one line each; places count from the first line behind the prelude. */
function messages(text: string, prelude = ''): string[] {
  const { diagnostics } = frontend({ path: 't.c', text: prelude + text, kernelBtf });
  const skipped = prelude.split('\n').length - 1;
  return diagnostics.map((d) => `${d.line - skipped}:${d.column} ${d.severity}: ${d.message}`);
}

test('types and constants are what clang says they are', () => {
  const text = readFileSync(join(import.meta.dirname, 'fixtures/typing.c'), 'utf8');
  expect(messages(text).filter((m) => m.includes('error'))).toEqual([]);
});

test('a wrong assertion fails, so the ones above mean something', () => {
  expect(messages('_Static_assert(sizeof(long) == 4, "four");')).toEqual([
    '1:1 error: static assertion failed: four',
  ]);
});

describe('mistakes', () => {
  test.for([
    ['int f(void) { return x; }', "1:22 error: use of undeclared identifier 'x'"],
    [
      'int count; int f(void) { return cuont; }',
      "1:33 error: use of undeclared identifier 'cuont'; did you mean 'count'?",
    ],
    ['int f(void) { return g(1); }', "1:22 error: call to undeclared function 'g'"],
    ['int f(void) { return 1 }', "1:24 error: expected ';' after the return statement"],
    [
      'int f(void) { int *p = 5; return 0; }',
      "1:24 error: incompatible integer to pointer conversion initializing 'int *' with an expression of type 'int'",
    ],
    [
      'int f(char *p) { int i = p; return i; }',
      "1:26 error: incompatible pointer to integer conversion initializing 'int' with an expression of type 'char *'",
    ],
    [
      'struct a { int x; }; struct b { int x; } v; struct a f(void) { return v; }',
      "1:71 error: incompatible type: returning 'struct b' from a function with result type 'struct a'",
    ],
    [
      'int g(int a, char *b); int f(void) { return g(1); }',
      "1:45 error: too few arguments to 'g': expected 2, have 1",
    ],
    [
      'struct s { int count; }; int f(struct s *p) { return p->cuont; }',
      "1:57 error: no member named 'cuont' in 'struct s'; did you mean 'count'?",
    ],
    [
      'struct s { int x; }; int f(struct s *p) { return p.x; }',
      "1:50 error: member reference type 'struct s *' is a pointer; did you mean to use '->'?",
    ],
    [
      'struct s { int x; }; int f(struct s v) { return v->x; }',
      "1:49 error: member reference type 'struct s' is not a pointer; did you mean to use '.'?",
    ],
    [
      'struct nope *p; int f(void) { return p->x; }',
      "1:41 error: member access into incomplete type 'struct nope'",
    ],
    ['struct nope v;', "1:13 error: variable 'v' has incomplete type 'struct nope'"],
    [
      'const int c = 1; void f(void) { c = 2; }',
      "1:33 error: cannot assign to variable 'c' with const-qualified type 'const int'",
    ],
    ['void f(void) { 1 = 2; }', '1:16 error: expression is not assignable'],
    [
      'struct s { int x; } v; int f(void) { return v + 1; }',
      "1:45 error: invalid operands to binary '+': 'struct s' and 'int'",
    ],
    [
      'int f(int n) { int a[n]; return 0; }',
      '1:22 error: the length of an array must be an integer constant: variable length arrays are not supported in BPF',
    ],
    [
      'int f(int n) { switch (n) { case 1: case 1: return 0; } return 1; }',
      '1:37 error: duplicate case value 1',
    ],
    ['void f(void) { break; }', "1:16 error: 'break' outside of a loop or switch"],
    ['void f(void) { goto out; }', "1:21 error: use of undeclared label 'out'"],
    ['int x; int x(void);', "1:12 error: redefinition of 'x' as a different kind of symbol"],
    ['int f(void) { return 0; } int f(void) { return 1; }', "1:31 error: redefinition of 'f'"],
    ['int f(int); char *f(int);', "1:19 error: conflicting types for 'f'"],
    ['int g; int *p = &g + g;', "1:17 error: the initializer of 'p' is not a compile-time constant"],
    ['double d = 1.5;', '1:12 error: floating point is not available in BPF programs'],
    ['unt x;', "1:1 error: unknown type name 'unt'"],
    ['int a[2] = { [5] = 1 };', "1:14 error: array designator index is outside of 'int[2]'"],
    ['struct s { int x; } v = { .y = 1 };', "1:28 error: no member named 'y' in 'struct s'"],
    ['int f(void) { return; }', "1:15 error: non-void function 'f' should return a value"],
    ['int f(int *p) { return p[0] << 40; }', "1:32 warning: shift count >= width of type 'int'"],
    [
      'void g(char *); void f(int *p) { g(p); }',
      "1:36 warning: incompatible pointer types passing 'int *' to parameter of type 'char *'",
    ],
    ['struct s { int f(void); };', "1:16 error: field 'f' is declared as a function"],
    ['int f(void) { return sizeof(struct nope); }', "1:22 error: sizeof of an incomplete type 'struct nope'"],
    [
      'int f(struct s { int b : 3; } *p) { return (long)&p->b; }',
      '1:50 error: address of bit-field requested',
    ],
  ])('%s', ([text, want]) => {
    expect(messages(text ?? '')).toContain(want);
  });

  test('several mistakes are reported in one go, each once', () => {
    const text = 'int f(void) { return a; }\nint g(void) { b(); return 0 }\nint h(void) { return c; }\n';
    expect(messages(text).map((m) => m.split(' ')[0])).toEqual(['1:22', '2:15', '2:29', '3:22']);
  });

  test("a field that the kernel's struct has not is said to be missing from its BTF", () => {
    const text = 'int f(struct task_struct *t) { return t->pidd; }';
    expect(messages(text, PRELUDE)).toEqual([
      "1:42 error: no member named 'pidd' in 'struct task_struct' (in this kernel's BTF); did you mean 'pid'?",
    ]);
  });

  test.for([
    [
      'int f(struct task_strct *t) { return t->pid; }',
      "there is no complete 'struct task_strct' in this kernel's BTF; did you mean 'struct task_struct'?",
    ],
    [
      'int f(void) { return bpf_iter_task_vma_new(0, 0, 0); }',
      'this kernel has it as a kfunc; declare it: extern int bpf_iter_task_vma_new(struct bpf_iter_task_vma *it, struct task_struct *task, u64 addr) __ksym;',
    ],
    ['#define BAD oops\nint f(void) { return BAD; }', "t.c:4:9: expanded from macro 'BAD'"],
  ])('%s comes with the note: %s', ([text, note]) => {
    const { diagnostics } = frontend({ path: 't.c', text: PRELUDE + (text ?? ''), kernelBtf });
    expect(diagnostics.flatMap((d) => d.notes)).toContain(note);
  });

  test('a kernel type cannot be defined again beside vmlinux.h', () => {
    expect(messages('struct task_struct { int pid; };', PRELUDE)).toEqual([
      "1:8 error: redefinition of 'task_struct'",
    ]);
  });

  test('a mistake in a macro argument is marked where it was written', () => {
    const text = 'int f(struct seq_file *s) { BPF_SEQ_PRINTF(s, "%d", oops); return 0; }';
    expect(messages(text, PRELUDE)).toEqual(["1:53 error: use of undeclared identifier 'oops'"]);
  });
});
