/** The player's colours never change the program. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { highlight } from './highlight.ts';
import { embedParams } from './params.ts';

const examples = join(import.meta.dirname, '../../../app/examples');

test.for(readdirSync(examples).filter((name) => name.endsWith('.c')))(
  'the pieces of %s are its text',
  (name) => {
    const text = readFileSync(join(examples, name), 'utf8');
    expect(
      highlight(text)
        .map((piece) => piece.text)
        .join(''),
    ).toBe(text);
  },
);

test('keywords, types, calls, strings and comments are told apart', () => {
  const looks = highlight('#include <a.h>\nstatic struct seq_file *s = f("x", 0x10); /* SEC */')
    .filter((piece) => piece.look !== '')
    .map((piece) => [piece.text, piece.look]);
  expect(looks).toEqual([
    ['#include', 'c-macro'],
    ['<a.h>', 'c-string'],
    ['static', 'c-keyword'],
    ['struct', 'c-keyword'],
    ['seq_file', 'c-type'],
    ['f', 'c-call'],
    ['"x"', 'c-string'],
    ['0x10', 'c-number'],
    ['/* SEC */', 'c-comment'],
  ]);
});

test('parameters that mean nothing are named and left out', () => {
  const { params, problems } = embedParams('?view=output&code=0&event=0&theme=neon&controls=step&unit=insn');
  expect(params).toMatchObject({ view: 'output', code: false, event: null, controls: 'step', unit: 'insn' });
  expect(problems).toEqual([
    'theme=neon is none of auto, light, dark.',
    'event=0 is no number from 1 to 2147483648.',
  ]);
  expect(embedParams('').problems).toEqual([]);
});
