/**
 * Sources that are wrong in every way: real programs with pieces cut out, doubled, swapped or replaced by
 * tokens of C, by bytes, or by nesting that no one writes.
 */
import type { Random } from './random.ts';

const TOKENS = [
  '{',
  '}',
  '(',
  ')',
  '[',
  ']',
  ';',
  ',',
  ':',
  '?',
  '...',
  '#',
  '##',
  '\\\n',
  '"',
  "'",
  '/*',
  '//',
  '->',
  '.',
  '*',
  '&',
  '<<=',
  '++',
  '0x',
  '1e9',
  '08',
  '4294967296u',
  "'\\x",
  '"\\',
  'struct',
  'union',
  'enum',
  'typedef',
  'static',
  'inline',
  'extern',
  'const',
  'volatile',
  'int',
  'void',
  'char',
  'long',
  'unsigned',
  'if',
  'else',
  'for',
  'while',
  'do',
  'switch',
  'case',
  'default',
  'goto',
  'return',
  'break',
  'continue',
  'sizeof',
  'typeof',
  '_Generic',
  '_Static_assert',
  'asm',
  '__attribute__((',
  '__builtin_preserve_access_index(',
  '__builtin_offsetof(',
  '__auto_type',
  '({',
  '})',
  '__VA_ARGS__',
  '#define X X X',
  '#define F(x) F(x) x',
  '#include "vmlinux.h"',
  '#if',
  '#endif',
  '#include_next',
  '_Pragma("',
  'SEC("',
  '\0',
  '\u00e9',
  '\u2028',
  '\r',
  '\t',
  '-1',
  '/ 0',
  '% 0',
  '<< 99',
  '[-1]',
  '[999999999999]',
  ': 99;',
  '= {',
  '[0 ... 9] =',
] as const;

const NESTS: readonly (readonly [open: string, close: string])[] = [
  ['(', ')'],
  ['{', '}'],
  ['[', ']'],
  ['-', ''],
  ['*', ''],
  ['!', ''],
  ['if (1) ', ''],
  ['do ', ' while (0);'],
  ['struct { ', ' x; };'],
  ['a ? b : ', ''],
  ['({ ', '; })'],
  ['#if 1\n', '\n#endif\n'],
  ['int (*', ')(void)'],
  ['"a" ', ''],
  ['a = ', ''],
  ['sizeof ', ''],
];

/** One wrong source, made from real ones. */
export function mutate(random: Random, sources: readonly string[]): string {
  let text = random.pick(sources);
  for (let i = random.between(1, 6); i > 0; i--) {
    const at = random.below(text.length + 1);
    const end = Math.min(text.length, at + random.below(random.chance(50) ? 8 : 200));
    const [open, close] = random.pick(NESTS);
    const times = random.pick([3, 40, 3000]);
    text = random.weighted<() => string>([
      [4, () => text.slice(0, at) + text.slice(end)],
      [6, () => `${text.slice(0, at)} ${random.pick(TOKENS)} ${text.slice(random.chance(50) ? at : end)}`],
      [2, () => text.slice(0, end) + text.slice(at)],
      [2, () => text.slice(0, at)],
      [
        2,
        () =>
          text.slice(0, at) +
          String.fromCharCode(random.below(random.chance(70) ? 128 : 0x3000)) +
          text.slice(at),
      ],
      [1, () => text.slice(0, at) + random.pick(sources).slice(0, 400) + text.slice(at)],
      [
        1,
        () =>
          text.slice(0, at) +
          open.repeat(times) +
          text.slice(at, end) +
          close.repeat(times) +
          text.slice(end),
      ],
    ])();
  }
  return text;
}

/** Tokens in no order at all. */
export const soup = (random: Random): string =>
  Array.from({ length: random.between(1, 120) }, () =>
    random.pick([...TOKENS, 'a', 'b', '1', '+', '=']),
  ).join(' ');
