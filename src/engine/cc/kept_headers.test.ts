/** What is compiled with headers that were kept is what is compiled alone. */
import { expect, test } from 'vitest';
import { Random } from '../../shared/random.ts';
import { recordedBtf } from '../vm/testing.ts';
import { compile } from './compile.ts';
import type { CompileInput } from './compile.ts';
import { frontend } from './parse.ts';

const kernelBtf = recordedBtf();

const HEADERS = `// what it is about
#define LIMIT 10
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#ifdef LIMIT
#include "own.h"
#endif
`;
const PROGRAM = `/* the program
 */ char LICENSE[] SEC("license") = "GPL";
struct later { struct own o; };
static int twice(int x) { return LIMIT * TWICE(x); }
SEC("iter/task") int f(struct bpf_iter__task *ctx) {
  struct later l = { .o = { .v = __COUNTER__ } };
  if (!ctx->task) return 0;
  bpf_printk("%d %s", twice(l.o.v), ctx->task->comm);
  return own_helper(&l.o) + OWN + bpf_get_smp_processor_id() + outside;
}
`;
const OWN = `#pragma once
struct own { long v; };
struct later;
#define TWICE(x) ((x) + (x))
#define OWN __COUNTER__
extern int outside __ksym __weak;
static int counted;
static inline int own_helper(struct own *o) { static int calls; calls++; return o->v + calls + counted; }
`;

type Files = Readonly<Record<string, string>>;
const inputOf = (text: string, files: Files): CompileInput => ({
  path: 'x.bpf.c',
  text,
  files: (path) => files[path] ?? null,
  kernelBtf,
});

/** Another path has other headers: nothing is kept for the next. */
const forget = () => compile({ path: 'another.bpf.c', text: '', kernelBtf });

const alone = (input: CompileInput) => {
  forget();
  const found = compile(input);
  forget();
  return found;
};

/** Each text with each set of files: compiled one after another, and alone. */
function bothWays(texts: readonly string[], files: readonly Files[] = [{ 'own.h': OWN }]) {
  const inputs = files.flatMap((some) => texts.map((text) => inputOf(text, some)));
  const alones = inputs.map((input) => ({ text: input.text, ...alone(input) }));
  // Stopping behind the headers finds what reading on does.
  for (const [i, input] of inputs.entries()) {
    const { diagnostics } = frontend(input);
    expect(alones[i]?.diagnostics.slice(0, diagnostics.length), input.text).toEqual(diagnostics);
  }
  const found = inputs.map((input) => ({ text: input.text, ...compile(input) }));
  return { found, alones };
}

test('a program that is compiled again and again, edited anywhere', () => {
  const snippets = [
    'x',
    ';',
    '}',
    '(',
    '"',
    '/*',
    '#',
    '\n',
    '\n#define TWICE(x) x\n',
    '\n#pragma pack(1)\n',
  ];
  const whole = HEADERS + PROGRAM;
  const random = new Random(11, 0);
  const texts = Array.from({ length: 5 }, () => {
    const from = random.chance(30) ? 0 : HEADERS.length - 8;
    const at = from + random.below(whole.length - from);
    return whole.slice(0, at) + random.pick(snippets) + whole.slice(at + random.below(3));
  });
  const { found, alones } = bothWays(texts.flatMap((text) => [whole, text]));
  expect(found).toEqual(alones);
});

test('a header that changes is read again, and so is what stands behind another macro or option', () => {
  const files = [OWN, OWN.replace('long v', 'int v'), `${OWN}static int`, `${OWN}TWICE`, '#if 1\n'].map(
    (text) => ({ 'own.h': text }),
  );
  const texts = [HEADERS + PROGRAM, HEADERS.replace('10', '11') + PROGRAM, `${HEADERS}(3);\n`];
  const { found, alones } = bothWays(texts, [...files, {}]);
  expect(found).toEqual(alones);
  const input = inputOf(HEADERS + PROGRAM, { 'own.h': OWN });
  const options = [{}, { cpu: 'v1' }, { warnings: ['-w'] }, { defines: { OWN: '1' } }, {}] as const;
  const wanted = options.map((more) => alone({ ...input, ...more }));
  expect(options.map((more) => compile({ ...input, ...more }))).toEqual(wanted);
});

test.for([
  [
    'a macro of a header whose arguments stand behind it',
    '(1, 2);\n',
    '#define ADD(a, b) int sum = a + b\nADD',
  ],
  ['a declaration that a header begins', 'first;\n', 'static int\n'],
  [
    'a pragma at the end of a header',
    'struct s { char a; int b; };\nint n = sizeof(struct s);\n',
    '#pragma pack(1)\n',
  ],
  ['a condition that a header leaves open', 'int x;\n#endif\n', '#if 1\n'],
  ['a line that a comment begins', '/* a */ int x;\n', 'int y;\n'],
  ['a line that is not ended', '/* a\n */ int x;', ''],
])('%s', ([, behind = '', header = '']) => {
  const include = '#include "own.h"';
  const texts = [`${include}\n${behind}`, `${include}\n${behind}int z;\n`, `${include} /*\n*/ ${behind}`];
  const { found, alones } = bothWays(texts, [{ 'own.h': header }]);
  expect(found).toEqual(alones);
});

test('a header is only compared as long as it stays', () => {
  let asked = 0;
  const text = '#include "own.h"\n#include "own.h"\nint x;\n';
  const files = () => (asked++, 'extern int y;\n');
  const input = { path: 'x.bpf.c', text, files, kernelBtf };
  forget();
  compile(input);
  expect(asked).toBe(2);
  compile({ ...input, text: `${text}int z;\n` });
  expect(asked).toBe(3);
});
