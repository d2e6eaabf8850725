/** Whole programs: what was recorded passes, kernel types keep their layout, accesses know what is relocatable. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { beforeAll, expect, test } from 'vitest';
import { findMember as findBtfMember, sizeOf as btfSizeOf } from '../btf/layout.ts';
import { Btf } from '../btf/parse.ts';
import { Kind } from '../btf/types.ts';
import type { Expr, Stmt } from './ast.ts';
import { findMember, memberNames, sizeOf } from './ctype.ts';
import { frontend } from './parse.ts';
import { KernelTypes } from './vmlinux.ts';

const RECORDED = join(import.meta.dirname, '../../../recorded/linux-6.12');
const CASES = join(RECORDED, 'cases');
let kernelBtf: Btf;
beforeAll(() => {
  kernelBtf = Btf.parse(gunzipSync(readFileSync(join(RECORDED, 'kernel/vmlinux.btf.gz'))));
});

const files = (path: string): string | null =>
  existsSync(join(CASES, path)) ? readFileSync(join(CASES, path), 'utf8') : null;
const programs = readdirSync(CASES).filter((name) => existsSync(join(CASES, name, `${name}.bpf.c`)));

test.for(programs)('recorded program %s has no errors', (name) => {
  const text = readFileSync(join(CASES, name, `${name}.bpf.c`), 'utf8');
  const { unit, diagnostics } = frontend({ path: `${name}.bpf.c`, text, files, kernelBtf });
  expect(diagnostics.filter((d) => d.severity === 'error')).toEqual([]);
  expect(unit.functions.some((f) => f.attributes.section?.startsWith('iter') === true)).toBe(true);
});

test.for(['task_struct', 'file', 'mm_struct', 'vm_area_struct', 'tcp_sock', 'bpf_prog', 'sk_buff', 'cgroup'])(
  'struct %s lies as in the BTF',
  (name) => {
    const record = KernelTypes.of(kernelBtf).record('struct', name);
    const id = kernelBtf.find(name, Kind.STRUCT);
    expect(record && sizeOf(record)).toBe(btfSizeOf(kernelBtf, id));
    for (const member of record ? memberNames(record) : []) {
      const ours = record && findMember(record, member);
      const theirs = findBtfMember(kernelBtf, id, member);
      expect([member, ours?.bitOffset, ours?.member.bitSize ?? 0]).toEqual([
        member,
        theirs?.bitOffset,
        theirs?.bitSize,
      ]);
    }
  },
);

const PRELUDE =
  '#include "vmlinux.h"\n#include <bpf/bpf_helpers.h>\n#include <bpf/bpf_core_read.h>\n#include <bpf/bpf_tracing.h>\n';

/** The expression that the last statement of `int f(...)` returns. */
function returned(text: string): Expr {
  const { unit, diagnostics } = frontend({ path: 't.c', text: PRELUDE + text, kernelBtf });
  expect(diagnostics).toEqual([]);
  const last: Stmt | undefined = unit.functions.at(-1)?.definition?.body.body.at(-1);
  if (last?.kind !== 'return' || !last.value) throw new Error('no return');
  return last.value;
}

/** A short picture of an expression: `!` marks relocatable steps. */
function draw(expr: Expr): string {
  switch (expr.kind) {
    case 'int':
      return String(expr.value);
    case 'ref':
      return expr.symbol.name;
    case 'deref':
      return `*(${draw(expr.operand)})`;
    case 'member':
      return `${draw(expr.base)}.${expr.name}${expr.relocatable ? '!' : ''}`;
    case 'index':
      return `${draw(expr.base)}[${draw(expr.index)}]${expr.relocatable ? '!' : ''}`;
    case 'address_of':
      return `&${draw(expr.operand)}`;
    case 'cast':
      return `${expr.cast}(${draw(expr.operand)})`;
    case 'call': {
      const { callee } = expr;
      const name =
        callee.kind === 'helper'
          ? `helper#${callee.number}`
          : callee.kind === 'function'
            ? callee.symbol.name
            : callee.kind;
      return `${name}(${expr.args.map(draw).join(', ')})`;
    }
    case 'builtin':
      return expr.builtin.name;
    default:
      return expr.kind;
  }
}

test.for([
  ['int f(struct task_struct *t) { return t->pid; }', 'load(*(load(t)).pid!)'],
  ['int f(struct task_struct *t) { return t->comm[3]; }', 'int(load(array_decay(*(load(t)).comm!)[3]!))'],
  ['struct own { int x; }; int f(struct own *o) { return o->x; }', 'load(*(load(o)).x)'],
  [
    'struct own { int x; }; int f(struct own *o) { return __builtin_preserve_access_index(({ o; }))->x; }',
    'load(*(stmt_expr).x)',
  ],
  [
    'struct own { int x; }; long f(struct own *o) { return (long)__builtin_preserve_access_index(&o->x); }',
    'pointer_to_int(&*(load(o)).x!)',
  ],
  [
    'struct old { int x; } __attribute__((preserve_access_index)); int f(struct old *o) { return o->x; }',
    'load(*(load(o)).x!)',
  ],
  [
    '#pragma clang attribute push (__attribute__((preserve_access_index)), apply_to = record)\nstruct old { int x; };\n#pragma clang attribute pop\nint f(struct old *o) { return o->x; }',
    'load(*(load(o)).x!)',
  ],
  ['long f(void) { return bpf_get_current_pid_tgid(); }', 'int(helper#14())'],
  ['int f(void) { return BPF_MAP_TYPE_HASH; }', '1'],
  [
    'int f(void) { return bpf_core_enum_value(enum bpf_map_type, BPF_MAP_TYPE_HASH); }',
    'int(preserve_enum_value)',
  ],
  ['int f(struct task_struct *t) { return bpf_core_field_exists(t->pid); }', 'int(preserve_field_info)'],
])('%s', ([text, want]) => {
  expect(draw(returned(text ?? ''))).toBe(want);
});

test('anonymous members are on the path to a member', () => {
  const expr = returned(
    'struct in { int a; union { long b; struct { char c, d; }; }; }; int f(struct in *p) { return p->d; }',
  );
  const member = expr.kind === 'cast' && expr.operand.kind === 'cast' ? expr.operand.operand : expr;
  expect(member.kind === 'member' && [member.path.map((s) => s.index), member.bitOffset]).toEqual([
    [1, 1, 1],
    72,
  ]);
});

test('unused declarations of headers are no part of the program', () => {
  const text = `${PRELUDE}static int unused(void) { return 0; }\nextern int bpf_iter_num_new(struct bpf_iter_num *it, int start, int end) __weak __ksym;\nint f(void) { return 0; }`;
  const { unit } = frontend({ path: 't.c', text, kernelBtf });
  expect([unit.functions.map((f) => f.name), unit.variables, unit.externs]).toEqual([['f'], [], []]);
});

test.for([
  ['parentheses', `int f(void) { return ${'('.repeat(9999)}1; }`],
  ['blocks', `void f(void) ${'{'.repeat(9999)}`],
  ['unary operators', `int f(int x) { return ${'- '.repeat(9999)}x; }`],
  ['operators in a row', `int f(int x) { return x${' + x'.repeat(9999)}; }`],
  ['declarators', `int ${'(*'.repeat(9999)}p;`],
  ['initialisers', `int a = ${'{'.repeat(9999)}`],
  ['elements', 'int a[] = { [0 ... 2000000000] = 1 };'],
  ['bytes that are no C', '\u0000\u0001\u00ff@`$ \\ "'],
])('too many %s is a message, not a crash', ([, text]) => {
  const { diagnostics } = frontend({ path: 't.c', text: text ?? '', kernelBtf });
  expect(diagnostics.some((d) => d.severity === 'error')).toBe(true);
});
