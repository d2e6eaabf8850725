/** Reading on gives what reading anew gives, whatever is typed and wherever. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Random } from '../../shared/random.ts';
import { recordedBtf } from '../vm/testing.ts';
import { Analysis, nameOf } from './analysis.ts';
import { IncrementalReader } from './incremental.ts';
import { foldsOf, symbolsOf, tokensOf } from './outline.ts';

const btf = recordedBtf();
const examples = join(import.meta.dirname, '..', '..', '..', 'app', 'examples');
const example = (name: string): string => readFileSync(join(examples, `${name}.bpf.c`), 'utf8');

/** What reading changes besides text: macros, conditions, pragmas, declarations that are completed later. */
const TRICKY = `#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include "own.h"
#define LIMIT 10
#define DECLARE(type, name) static type name
#define TWICE(x) ((x) + (x))
char LICENSE[] SEC("license") = "GPL";
struct later;
static int used(struct later *l);
extern int outside;
DECLARE(int, counter);
#ifdef LIMIT
struct later { int a; struct own b; };
#endif
int tentative[];
static int twice = TWICE(LIMIT);
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wincompatible-pointer-types"
static int *bad(char *p) { return p; }
#pragma clang diagnostic pop
#undef LIMIT
enum color { RED, GREEN = 5 };
typedef struct later later_t;
static int used(later_t *l) { for (int i = 0; i < 4; i++) l->a += i; return l->a + __COUNTER__; }
int tentative[4] = { 1, [2] = GREEN };
int outside = 3;
SEC("iter/task") int f(struct bpf_iter__task *ctx) {
  static int calls;
  struct later x = { .a = counter, };
  if (!ctx->task) goto out;
  bpf_printk("%d %s", x.a, ctx->task->comm);
out:
  return used(&x) && bad((char *)&calls) ? RED : bpf_get_smp_processor_id();
}
static int unused(void) { return DECLARE; }
`;
const files = { 'own.h': '#pragma once\nstruct own { long v; };\n#define OWN 1\n' };

/** Everything that the editor sees of an analysis. */
function viewOf(analysis: Analysis) {
  return {
    diagnostics: analysis.diagnostics,
    names: analysis.occurrences.map(({ range, role, meaning }) => ({ range, role, name: nameOf(meaning) })),
    macros: analysis.macroOccurrences,
    symbols: symbolsOf(analysis),
    tokens: tokensOf(analysis),
    folds: foldsOf(analysis),
    functions: analysis.result.unit.functions.map(({ name, referenced }) => [name, referenced]),
    variables: analysis.result.unit.variables.map(({ name, storage }) => [name, storage]),
    externs: analysis.result.unit.externs.map(({ name }) => name),
    scope: [...analysis.result.scope.names.keys()],
    all: analysis.result.macros.size,
  };
}

const SNIPPETS = [
  ...`x ; } { ( ) " ' /* */ // # \\ , * . -> int`.split(' '),
  ' ',
  '\n',
  '\n#define COUNT 3\n',
  '\n#undef TWICE\n',
  '\n#if 0\n',
  '\n#endif\n',
  '\n#pragma pack(1)\n',
  'static int g(void) { return counter; }\n',
  'struct later;\n',
  'int y = TWICE(2);\n',
  '\n#include "own.h"\n',
];

/** One change, most often near the last. */
function edited(text: string, near: number, random: Random): { text: string; at: number } {
  const wanted = random.chance(75) ? near + random.between(-40, 40) : random.below(text.length + 1);
  const at = Math.max(0, Math.min(text.length, wanted));
  const gone = random.chance(40) ? random.between(1, random.chance(20) ? 200 : 4) : 0;
  const typed = gone > 0 && random.chance(60) ? '' : random.pick(SNIPPETS);
  return { text: text.slice(0, at) + typed + text.slice(at + gone), at };
}

test.for([
  ['task', example('task')],
  ['task_file', example('task_file')],
  ['a text with macros, conditions and pragmas', TRICKY],
])('%s, edited at random', ([, original = '']) => {
  for (let round = 0; round < 3; round++) {
    const random = new Random(7, round);
    const reader = new IncrementalReader(btf);
    let text = original;
    let at = random.below(text.length);
    for (let step = 0; step < 12; step++) {
      const source = { path: 'x.bpf.c', text, files };
      expect(viewOf(new Analysis(source, btf, reader)), text).toEqual(viewOf(new Analysis(source, btf)));
      // What broke the text is taken back after a while, as people do.
      if (step % 6 === 5) text = original;
      ({ text, at } = edited(text, at, random));
    }
  }
});

test('an edit in the last function reads nothing before it again', () => {
  const reader = new IncrementalReader(btf);
  const read = (text: string) => reader.read({ path: 'x.bpf.c', text, files });
  read(TRICKY);
  const before = read(`${TRICKY} `).result.scope.names.get('counter');
  const again = read(`${TRICKY}  `).result;
  expect(again.scope.names.get('counter')).toBe(before);
  expect(read(` ${TRICKY}`).result.scope.names.get('counter')).not.toBe(before);
});
