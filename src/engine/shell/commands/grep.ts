/** grep, with the lines before and after what it finds. Source: GNU grep 3. */
import type { Options } from '../getopt.ts';
import { gnu, input, linesOf, wholeNumber } from './program.ts';
import type { Main } from './program.ts';

const CLASSES: Readonly<Record<string, string>> = {
  alpha: 'A-Za-z',
  digit: '0-9',
  alnum: 'A-Za-z0-9',
  upper: 'A-Z',
  lower: 'a-z',
  space: '\\s',
  blank: ' \\t',
  punct: '!-\\/:-@\\[-`{-~',
  xdigit: '0-9A-Fa-f',
};

/** A POSIX expression as one of ours: basic ones have their operators behind backslashes. */
export function posixPattern(pattern: string, extended: boolean): string {
  let out = '';
  for (let i = 0; i < pattern.length; i++) {
    const char = pattern[i] ?? '';
    if (char === '[') {
      const open = pattern[i + 1] === '^' ? i + 2 : i + 1;
      let end = pattern.indexOf(']', pattern[open] === ']' ? open + 1 : open);
      while (/\[:[a-z]*$/.test(pattern.slice(open, end - 1).replace(/\[:[a-z]+:\]/g, '')))
        end = pattern.indexOf(']', end + 1);
      if (end < 0) throw new SyntaxError('Unmatched [, [^, [:, [., or [=');
      const inside = pattern
        .slice(open, end)
        .replace(/[\\\]]/g, '\\$&')
        .replace(/\[:([a-z]+):\\?\]?/g, (_, name: string) => CLASSES[name] ?? '');
      out += `[${open === i + 2 ? '^' : ''}${inside}]`;
      i = end;
    } else if (char === '\\') {
      const next = pattern[++i] ?? '';
      if (next === '<' || next === '>') out += '\\b';
      else if (!extended && '(){}|+?'.includes(next)) out += next;
      else out += /[A-Za-z]/.test(next) && !'wWsSbB'.includes(next) ? next : `\\${next}`;
    } else if (!extended && '(){}|+?'.includes(char)) out += `\\${char}`;
    else if (char === '*' && (out === '' || out === '^' || out.endsWith('('))) out += '\\*';
    else out += char;
  }
  return out;
}

/** So many lines before and after each line that is found. */
interface Context {
  readonly before: number;
  readonly after: number;
}

/** -A, -B and -C; the argument that is no number, where one is not. */
function contextOf(options: Options): Context | string {
  const lengthOf = (letter: string): number | string => {
    const text = options.value(letter) ?? options.value('C') ?? '0';
    return wholeNumber(text) ?? text;
  };
  const [before, after] = [lengthOf('B'), lengthOf('A')];
  if (typeof before === 'string') return before;
  return typeof after === 'string' ? after : { before, after };
}

/** What is written of lines found at these places: with context, groups stand apart. */
function withContext(
  lines: readonly string[],
  found: readonly number[],
  { before, after }: Context,
  row: (i: number, mark: ':' | '-') => string,
): string {
  const hits = new Set(found);
  let out = '';
  let last = -1;
  for (const hit of found) {
    const first = Math.max(hit - before, last + 1);
    if (last >= 0 && first > last + 1 && before + after > 0) out += '--\n';
    for (let i = first; i <= Math.min(hit + after, lines.length - 1); i++) {
      if (i > hit && hits.has(i)) break;
      out += row(i, hits.has(i) ? ':' : '-');
      last = i;
    }
  }
  return out;
}

export const grep: Main = gnu(
  {
    letters: 'cvinEFGqolLhHwxse:m:A:B:C:',
    words: {
      count: 'c',
      'invert-match': 'v',
      'ignore-case': 'i',
      'line-number': 'n',
      'extended-regexp': 'E',
      'fixed-strings': 'F',
      'basic-regexp': 'G',
      quiet: 'q',
      silent: 'q',
      'only-matching': 'o',
      'files-with-matches': 'l',
      'files-without-match': 'L',
      'no-filename': 'h',
      'with-filename': 'H',
      'word-regexp': 'w',
      'line-regexp': 'x',
      'no-messages': 's',
      regexp: 'e',
      'max-count': 'm',
      'after-context': 'A',
      'before-context': 'B',
      context: 'C',
    },
    trouble: 2,
    usage: '[OPTION]... PATTERNS [FILE]...',
  },
  function* (p, options) {
    const operands = [...options.operands];
    const given = options.value('e') ?? operands.shift();
    if (given === undefined) {
      yield* p.complain(`Usage: ${p.name} [OPTION]... PATTERNS [FILE]...`);
      yield* p.complain(`Try '${p.name} --help' for more information.`);
      return 2;
    }
    let regex: RegExp;
    try {
      const each = given
        .split('\n')
        .map((one) =>
          options.has('F') ? one.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&') : posixPattern(one, options.has('E')),
        );
      const body = `(?:${each.join('|')})`;
      const whole = options.has('x') ? `^${body}$` : options.has('w') ? `(?<!\\w)${body}(?!\\w)` : body;
      regex = new RegExp(whole, options.has('i') ? 'gi' : 'g');
    } catch (error) {
      yield* p.complain(
        `${p.name}: ${error instanceof SyntaxError && error.message.startsWith('Unmatched [') ? error.message : 'Invalid regular expression'}`,
      );
      return 2;
    }
    const context = contextOf(options);
    if (typeof context === 'string') {
      yield* p.complain(`${p.name}: ${context}: invalid context length argument`);
      return 2;
    }
    const paths = operands.length > 0 ? operands : ['-'];
    const named = options.has('H') || (paths.length > 1 && !options.has('h'));
    const most = wholeNumber(options.value('m') ?? '') ?? Infinity;
    let found = false;
    let trouble = false;
    for (const path of paths) {
      const { text, errno } = yield* input(p, path);
      if (errno < 0) {
        if (!options.has('s')) yield* p.perror(path, errno);
        trouble = true;
      }
      const name = named ? (path === '-' ? '(standard input)' : path) : '';
      const prefix = (i: number, mark: string): string =>
        `${named ? `${name}${mark}` : ''}${options.has('n') ? `${i + 1}${mark}` : ''}`;
      const lines = linesOf(text);
      const hits: number[] = [];
      for (const [i, line] of lines.entries()) {
        if (hits.length >= most) break;
        regex.lastIndex = 0;
        if (regex.test(line) !== options.has('v')) hits.push(i);
      }
      const count = hits.length;
      const matches = (i: number): string =>
        [...(lines[i] ?? '').matchAll(regex)]
          .filter(([match]) => match !== '' && !options.has('v'))
          .map(([match]) => `${prefix(i, ':')}${match}\n`)
          .join('');
      let out = options.has('o')
        ? hits.map(matches).join('')
        : withContext(lines, hits, context, (i, mark) => `${prefix(i, mark)}${lines[i]}\n`);
      found ||= count > 0;
      if (options.has('q')) {
        if (found) return 0;
        continue;
      }
      if (options.has('l') || options.has('L')) out = count > 0 === options.has('l') ? `${path}\n` : '';
      else if (options.has('c')) out = `${named ? `${name}:` : ''}${count}\n`;
      yield* p.print(out);
    }
    return trouble ? 2 : found ? 0 : 1;
  },
);
