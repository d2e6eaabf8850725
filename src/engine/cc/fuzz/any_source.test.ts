/** Any text is a source: it compiles or is refused with a place and a message, soon, and never throws. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { recordedBtf } from '../../vm/testing.ts';
import { compile } from '../compile.ts';
import { mutate, soup } from './mutate.ts';
import { generateFile } from './program.ts';
import { Random } from './random.ts';

const cases = join(import.meta.dirname, '../../../../recorded/linux-6.12/cases');
const sources = readdirSync(cases)
  .filter((name) => !name.includes('.'))
  .map((name) => readFileSync(join(cases, name, `${name}.bpf.c`), 'utf8'))
  .concat(generateFile([1]), generateFile([2]));

/** True when the answer makes sense: an object, or errors. A source that never ends is caught by the test's timeout. */
function answers(text: string): boolean {
  const { object, diagnostics } = compile({ path: 'any.bpf.c', text, kernelBtf: recordedBtf() });
  return (object === null) === diagnostics.some(({ severity }) => severity === 'error');
}

test.for([
  ['real programs, damaged', 150, (random: Random) => mutate(random, sources)],
  ['tokens in no order', 150, soup],
] as const)('%s', ([, count, make]) => {
  for (let seed = 0; seed < count; seed++) {
    expect(answers(make(new Random(seed))), `seed ${seed}`).toBe(true);
  }
});

test.for([
  ['parentheses', `int x = ${'('.repeat(100_000)}1${')'.repeat(100_000)};`],
  ['braces', `void f(void) ${'{'.repeat(100_000)}`],
  ['pointers', `int ${'*'.repeat(100_000)}p;`],
  ['operators', `int x = ${'-'.repeat(1)}${'~'.repeat(100_000)}1;`],
  ['a long sum', `int x = 1${' + 1'.repeat(50_000)};`],
  ['a line of a megabyte', `int x; // ${'a'.repeat(1_000_000)}`],
  [
    'a macro that doubles itself',
    Array.from({ length: 40 }, (_, i) => `#define A${i + 1} A${i} A${i}\n`).join('') + '#define A0 x\nA40',
  ],
  [
    'structs in structs',
    Array.from({ length: 4_000 }, (_, i) => `struct s${i + 1} { struct s${i} *m; };\n`).join('') +
      'struct s4000 *g;',
  ],
  [
    'records that hold each other',
    Array.from({ length: 3_000 }, (_, i) => `struct t${i + 1} { struct t${i} m; };\n`)
      .join('')
      .replace('struct t0 m', 'int m') + 'struct t3000 g;',
  ],
  ['if in if', `int f(int a) { ${'if (a) '.repeat(20_000)}; return 0; }`],
  ['else if', `int f(int a) { ${'if (a) a++; else '.repeat(20_000)}; return a; }`],
] as const)('%s without end', ([, text]) => {
  expect(answers(text)).toBe(true);
});
