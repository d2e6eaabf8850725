/** sort, uniq, cut, tr, seq: what works on lines. Source: coreutils 9. */
import { strerror } from '../../libbpf/messages.ts';
import type { Process } from '../process.ts';
import type { Run } from '../run.ts';
import { asLines, gnu, input, linesOf, misuse, wholeNumber } from './program.ts';
import type { Main } from './program.ts';

/** All inputs in one text, as sort and others see them; null after a complaint. */
function* inputs(
  p: Process,
  paths: readonly string[],
  complaint: (path: string, errno: number) => string,
): Run<string | null> {
  let all = '';
  for (const path of paths.length > 0 ? paths : ['-']) {
    const { text, errno } = yield* input(p, path);
    if (errno < 0) {
      yield* p.complain(complaint(path, errno));
      return null;
    }
    all += text === '' || text.endsWith('\n') ? text : `${text}\n`;
  }
  return all;
}

// -- sort, uniq ------------------------------------------------------------------------------------------------

/** The number that a text begins with, as `sort -n` compares it. */
const leadingNumber = (text: string): number => Number(/^\s*(-?\d*\.?\d*)/.exec(text)?.[1] || 0) || 0;

export const sort: Main = gnu(
  {
    letters: 'nrufbt:k:o:',
    words: {
      'numeric-sort': 'n',
      reverse: 'r',
      unique: 'u',
      'ignore-case': 'f',
      'field-separator': 't',
      key: 'k',
    },
    trouble: 2,
    usage: '[OPTION]... [FILE]...',
  },
  function* (p, options) {
    const text = yield* inputs(
      p,
      options.operands,
      (path, errno) => `${p.name}: cannot read: ${path}: ${strerror(errno)}`,
    );
    if (text === null) return 2;
    const separator = options.value('t');
    const key = /^(\d+)(?:\.\d+)?([a-z]*)(?:,(\d+)([a-z]*))?$/.exec(options.value('k') ?? '1');
    if (!key) {
      yield* p.complain(
        `${p.name}: invalid number at field start: invalid count at start of '${options.value('k')}'`,
      );
      return 2;
    }
    const [, first = '1', flags = '', last, moreFlags = ''] = key;
    const has = (letter: string): boolean => options.has(letter) || (flags + moreFlags).includes(letter);
    const part = (line: string): string => {
      if (options.value('k') === null) return line;
      const fields = separator === null ? (line.match(/\s*\S+/g) ?? []) : line.split(separator);
      return fields
        .slice(Number(first) - 1, last === undefined ? undefined : Number(last))
        .join(separator ?? '');
    };
    const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
    const compare = (a: string, b: string): number => {
      const [x, y] = [part(a), part(b)];
      if (has('n')) return leadingNumber(x) - leadingNumber(y);
      return has('f') ? compareText(x.toLowerCase(), y.toLowerCase()) : compareText(x, y);
    };
    const sign = has('r') ? -1 : 1;
    const lines = linesOf(text).sort(
      (a, b) => sign * (compare(a, b) || (options.has('u') ? 0 : compareText(a, b))),
    );
    const kept = options.has('u')
      ? lines.filter((line, i) => i === 0 || compare(lines[i - 1] ?? '', line) !== 0)
      : lines;
    yield* p.print(asLines(kept));
    return 0;
  },
);

export const uniq: Main = gnu(
  {
    letters: 'cdui',
    words: { count: 'c', repeated: 'd', unique: 'u', 'ignore-case': 'i' },
    trouble: 1,
    usage: '[OPTION]... [INPUT]',
  },
  function* (p, options) {
    const text = yield* inputs(
      p,
      options.operands.slice(0, 1),
      (path, errno) => `${p.name}: ${path}: ${strerror(errno)}`,
    );
    if (text === null) return 1;
    const runs: { line: string; count: number }[] = [];
    const fold = (line: string): string => (options.has('i') ? line.toLowerCase() : line);
    for (const line of linesOf(text)) {
      const last = runs.at(-1);
      if (last && fold(last.line) === fold(line)) last.count++;
      else runs.push({ line, count: 1 });
    }
    const shown = runs.filter(
      ({ count }) => (!options.has('d') || count > 1) && (!options.has('u') || count === 1),
    );
    yield* p.print(
      asLines(
        shown.map(({ line, count }) => (options.has('c') ? `${String(count).padStart(7)} ${line}` : line)),
      ),
    );
    return 0;
  },
);

// -- cut, tr, seq ----------------------------------------------------------------------------------------------

/** `1,3-5,7-` as a test of positions; null when it is none. */
function positions(list: string): ((n: number) => boolean) | null {
  const ranges = list.split(',').map((each) => /^(?:(\d+)|(\d*)-(\d*))$/.exec(each));
  if (ranges.some((range) => !range || range[0] === '-')) return null;
  return (n) =>
    ranges.some((range) => {
      if (range?.[1] !== undefined) return n === Number(range[1]);
      return n >= Number(range?.[2] || 1) && n <= Number(range?.[3] || Infinity);
    });
}

export const cut: Main = gnu(
  {
    letters: 'd:f:c:b:s',
    words: { delimiter: 'd', fields: 'f', characters: 'c', bytes: 'b', 'only-delimited': 's' },
    trouble: 1,
    usage: 'OPTION... [FILE]...',
  },
  function* (p, options) {
    const fields = options.value('f');
    const list = fields ?? options.value('c') ?? options.value('b');
    if (list === null) return yield* misuse(p, 'you must specify a list of bytes, characters, or fields');
    const wanted = positions(list);
    if (!wanted) return yield* misuse(p, 'invalid field value '.concat(`'${list}'`));
    const delimiter = options.value('d') ?? '\t';
    if (delimiter.length !== 1) return yield* misuse(p, 'the delimiter must be a single character');
    const text = yield* inputs(
      p,
      options.operands,
      (path, errno) => `${p.name}: ${path}: ${strerror(errno)}`,
    );
    if (text === null) return 1;
    const out = linesOf(text).flatMap((line) => {
      if (fields === null)
        return [
          Array.from(line)
            .filter((_, i) => wanted(i + 1))
            .join(''),
        ];
      if (!line.includes(delimiter)) return options.has('s') ? [] : [line];
      return [
        line
          .split(delimiter)
          .filter((_, i) => wanted(i + 1))
          .join(delimiter),
      ];
    });
    yield* p.print(asLines(out));
    return 0;
  },
);

const ESCAPES: Readonly<Record<string, string>> = {
  n: '\n',
  t: '\t',
  r: '\r',
  '\\': '\\',
  0: '\0',
  a: '\x07',
  f: '\f',
  v: '\v',
  b: '\b',
};
const RANGES: Readonly<Record<string, readonly [string, string][]>> = {
  upper: [['A', 'Z']],
  lower: [['a', 'z']],
  digit: [['0', '9']],
  alpha: [
    ['A', 'Z'],
    ['a', 'z'],
  ],
  alnum: [
    ['0', '9'],
    ['A', 'Z'],
    ['a', 'z'],
  ],
  space: [
    ['\t', '\r'],
    [' ', ' '],
  ],
  punct: [
    ['!', '/'],
    [':', '@'],
    ['[', '`'],
    ['{', '~'],
  ],
};
const between = (from: string, to: string): string =>
  Array.from({ length: Math.max(0, to.charCodeAt(0) - from.charCodeAt(0) + 1) }, (_, i) =>
    String.fromCharCode(from.charCodeAt(0) + i),
  ).join('');

/** Characters of a set: ranges, classes and escapes spelled out. */
const spelled = (set: string): string =>
  set
    .replace(/\\(.)/gs, (_, char: string) => ESCAPES[char] ?? char)
    .replace(
      /\[:([a-z]+):\]/g,
      (all, name: string) => RANGES[name]?.map(([a, b]) => between(a, b)).join('') ?? all,
    )
    .replace(/(.)-(.)/gs, (_, from: string, to: string) => between(from, to));

export const tr: Main = gnu(
  {
    letters: 'dscC',
    words: { delete: 'd', 'squeeze-repeats': 's', complement: 'c' },
    trouble: 1,
    usage: '[OPTION]... STRING1 [STRING2]',
  },
  function* (p, options) {
    const [first, second] = options.operands;
    if (first === undefined) return yield* misuse(p, 'missing operand');
    if (second === undefined && !options.has('d') && !options.has('s'))
      return yield* misuse(
        p,
        `missing operand after '${first}'\nTwo strings must be given when translating.`,
      );
    const { text } = yield* input(p, '-');
    const set = new Set(spelled(first));
    const complement = options.has('c') || options.has('C');
    const hit = (char: string): boolean => set.has(char) !== complement;
    const from = Array.from(spelled(first));
    const to = Array.from(spelled(second ?? ''));
    const translate = (char: string): string =>
      second === undefined
        ? char
        : complement
          ? (to.at(-1) ?? '')
          : (to[Math.min(from.lastIndexOf(char), to.length - 1)] ?? '');
    const squeezed = new Set(second === undefined || options.has('d') ? spelled(second ?? first) : to);
    let out = '';
    for (const char of text) {
      const kept = hit(char) ? (options.has('d') ? '' : translate(char)) : char;
      if (options.has('s') && kept !== '' && squeezed.has(kept) && out.endsWith(kept)) continue;
      out += kept;
    }
    yield* p.print(out);
    return 0;
  },
);

/** Bytes that are written at a time. */
const STDOUT_BUFFER = 4096;

export const seq: Main = function* (p) {
  const numbers = p.argv.slice(1).map(wholeNumber);
  const wrong = p.argv.slice(1).find((_, i) => numbers[i] === null);
  if (numbers.length === 0) return yield* misuse(p, 'missing operand');
  if (wrong !== undefined) return yield* misuse(p, `invalid floating point argument: '${wrong}'`);
  if (numbers.length > 3) return yield* misuse(p, `extra operand '${p.argv[4]}'`);
  const last = numbers.at(-1) ?? 0;
  const first = numbers.length > 1 ? (numbers[0] ?? 1) : 1;
  const step = numbers.length > 2 ? (numbers[1] ?? 1) : 1;
  if (step === 0) return yield* misuse(p, `invalid Zero increment value: '${p.argv[2]}'`);
  let block = '';
  for (let n = first; step > 0 ? n <= last : n >= last; n += step) {
    block += `${n}\n`;
    if (block.length < STDOUT_BUFFER) continue;
    yield* p.print(block);
    block = '';
  }
  yield* p.print(block);
  return 0;
};
