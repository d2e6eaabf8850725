/** Programs with one small mistake, as people make them: tokens dropped, doubled, swapped, replaced. */
import type { Random } from '../../src/engine/cc/fuzz/random.ts';

const TYPES = [
  'int',
  'long',
  'char',
  '__u32',
  '__u64',
  '__s64',
  '__u8',
  'bool',
  'void',
  'unsigned int',
  'const char *',
];
const OPERATORS = [
  '+',
  '-',
  '*',
  '/',
  '&',
  '|',
  '&&',
  '||',
  '==',
  '=',
  '!=',
  '<',
  '<=',
  '>',
  '<<',
  '!',
  '->',
  '.',
];
const NUMBERS = ['0', '1', '-1', '255', '256', '65536', '4294967296', '0x80000000', '64'];
const TOKEN =
  /[A-Za-z_]\w*|0x[0-9a-fA-F]+|\d+|"(?:[^"\\\n]|\\.)*"|->|\+\+|--|<<|>>|&&|\|\||[=!<>+\-*/&|^%]=|[^\s\w]/g;
const KEYWORD =
  /^(if|else|for|while|do|return|switch|case|break|continue|struct|static|const|sizeof|goto|default)$/;

interface Token {
  readonly text: string;
  readonly at: number;
}

/** Another text for the tokens from `at` on. */
function changed(
  tokens: readonly Token[],
  at: number,
  random: Random,
): readonly [count: number, text: string] {
  const { text } = tokens[at]!;
  const next = tokens[at + 1]?.text ?? '';
  const ways: (readonly [weight: number, change: () => readonly [number, string]])[] = [
    [3, () => [1, '']],
    [1, () => [1, `${text} ${text}`]],
    [1, () => [2, `${next} ${text}`]],
  ];
  const names = tokens.filter((each) => /^[A-Za-z_]\w*$/.test(each.text) && !KEYWORD.test(each.text));
  if (TYPES.includes(text)) ways.push([12, () => [1, random.pick(TYPES)]]);
  else if (/^\d/.test(text)) ways.push([8, () => [1, random.pick(NUMBERS)]]);
  else if (OPERATORS.includes(text)) ways.push([8, () => [1, random.pick(OPERATORS)]]);
  else if (names.some((each) => each.text === text)) {
    ways.push([6, () => [1, random.pick(names).text]]);
    ways.push([2, () => [1, text.slice(0, -1)]]);
  }
  return random.weighted(ways)();
}

/** @param source C whose #include lines stay as they are */
export function mutant(source: string, random: Random): string {
  const bare = source.replace(/\/\*[\s\S]*?\*\/|\/\/[^\n]*/g, (comment) => comment.replace(/[^\n]/g, ' '));
  const tokens = [...bare.matchAll(TOKEN)]
    .map((match): Token => ({ text: match[0], at: match.index }))
    .filter(
      ({ at }) => !/^\s*#\s*(include|define)/.test(bare.slice(bare.lastIndexOf('\n', at) + 1, at + 10)),
    );
  if (tokens.length < 3) return source;
  const at = random.below(tokens.length - 1);
  const [count, text] = changed(tokens, at, random);
  const last = tokens[at + count - 1]!;
  return bare.slice(0, tokens[at]!.at) + text + bare.slice(last.at + last.text.length);
}
