/**
 * From the words of a command to its arguments: variables and $(...) are put in, what was not quoted is split
 * at blanks and matched against file names, quotes go.
 *
 * A field is built of characters with a mark each: quoted ones are never separators and never wild.
 */
import { evaluate } from './arithmetic.ts';
import { isDirectory } from './fs/node.ts';
import type { Process } from './process.ts';
import type { Run } from './run.ts';
import type { List, Part, Word } from './grammar.ts';

/** How $(list) is answered: what it printed. */
export type Substitute = (list: List) => Run<string>;

interface Piece {
  readonly text: string;
  readonly quoted: boolean;
}

const IFS = /[ \t\n]/;

/** @param lastStatus what `$?` is */
export interface Variables {
  readonly process: Process;
  /** $1, $2, ... */
  readonly args: readonly string[];
  readonly lastStatus: () => number;
  readonly substitute: Substitute;
}

function* valueOf(part: Part, variables: Variables): Run<string> {
  const { process, args, lastStatus, substitute } = variables;
  if ('text' in part) return part.text;
  if ('expression' in part) {
    const { env } = process;
    const text = yield* expandWhole(part.expression, variables);
    return String(
      evaluate(text, { get: (name) => env.get(name), set: (name, value) => env.set(name, value) }),
    );
  }
  if ('list' in part) return (yield* substitute(part.list)).replace(/\n+$/, '');
  switch (part.variable) {
    case '?':
      return String(lastStatus());
    case '$':
      return String(process.pid);
    case '0':
      return 'bash';
    case '#':
      return String(args.length);
    case '@':
    case '*':
      return args.join(' ');
    default:
      return /^\d/.test(part.variable)
        ? (args[Number(part.variable) - 1] ?? '')
        : (process.env.get(part.variable) ?? '');
  }
}

/** One word as one text, without splitting: for assignments and redirections. */
export function* expandWhole(word: Word, variables: Variables): Run<string> {
  let out = '';
  for (const piece of yield* pieces(word, variables)) out += piece.text;
  return out;
}

function* pieces(word: Word, variables: Variables): Run<Piece[]> {
  const out: Piece[] = [];
  for (const [i, part] of word.entries()) {
    let text = yield* valueOf(part, variables);
    const tilde = i === 0 && !part.quoted && 'text' in part && text === '~';
    const next = word[1];
    if (tilde && (!next || ('text' in next && next.text === '/')))
      text = variables.process.env.get('HOME') ?? '~';
    out.push({ text, quoted: part.quoted || ('text' in part && tilde) });
  }
  return out;
}

/** "$@": each argument is a word, whatever stands in it. */
const isAllArguments = (word: Word): boolean =>
  word.some((part) => part.quoted && 'variable' in part && part.variable === '@') &&
  word.every((part) => ('text' in part && part.text === '') || ('variable' in part && part.variable === '@'));

/** Whether a text matches a word as a pattern, as `case` does. */
export function* matchesPattern(text: string, word: Word, variables: Variables): Run<boolean> {
  let wild = '';
  for (const { text: piece, quoted } of yield* pieces(word, variables))
    wild += quoted ? piece : wildcard(piece);
  return new RegExp(`^${globPattern(wild)}$`, 's').test(text);
}

/** All words of a command as its arguments. */
export function* expandWords(words: readonly Word[], variables: Variables): Run<string[]> {
  const out: string[] = [];
  for (const word of words) {
    if (isAllArguments(word)) {
      out.push(...variables.args);
      continue;
    }
    const literal = word.map((part) => 'text' in part);
    const fields: { text: string; wild: string }[] = [];
    let field: { text: string; wild: string } | null = null;
    for (const [i, piece] of (yield* pieces(word, variables)).entries()) {
      if (piece.quoted || literal[i]) {
        field ??= { text: '', wild: '' };
        field.text += piece.text;
        field.wild += piece.quoted ? piece.text : wildcard(piece.text);
        continue;
      }
      for (const char of piece.text)
        if (IFS.test(char)) {
          if (field) fields.push(field);
          field = null;
        } else {
          field ??= { text: '', wild: '' };
          field.text += char;
          field.wild += wildcard(char);
        }
    }
    if (field) fields.push(field);
    for (const each of fields) out.push(...matches(each, variables.process));
  }
  return out;
}

/** Marks wild characters, so that quoted ones are not taken for such. */
const WILD = '\u0001';
const wildcard = (text: string): string => text.replace(/[*?[]/g, (char) => WILD + char);

/** The names that a pattern matches, sorted; the text itself when there are none. */
function matches({ text, wild }: { text: string; wild: string }, process: Process): readonly string[] {
  if (!wild.includes(WILD)) return [text];
  const parts = wild.split('/');
  let found = [wild.startsWith('/') ? '/' : ''];
  for (const [i, part] of parts.entries()) {
    if (part === '') continue;
    const last = i === parts.length - 1;
    found = found.flatMap((base) => {
      const join = (name: string): string =>
        base === '' || base.endsWith('/') ? base + name : `${base}/${name}`;
      if (!part.includes(WILD))
        return typeof process.stat(join(part), false) === 'number' ? [] : [join(part)];
      const names = process.readdir(base === '' ? '.' : base);
      const pattern = new RegExp(`^${globPattern(part)}$`, 's');
      return (typeof names === 'number' ? [] : names)
        .filter((name) => pattern.test(name) && (part.startsWith('.') || !name.startsWith('.')))
        .map(join)
        .filter((path) => {
          const node = process.stat(path);
          return last || (typeof node !== 'number' && isDirectory(node));
        });
    });
  }
  return found.length > 0 ? found : [text];
}

/** A pattern of file names as a regular expression. */
function globPattern(part: string): string {
  const literal = (text: string): string => text.replace(/[\\^$.*+?(){}|[\]]/g, '\\$&');
  let out = '';
  for (let i = 0; i < part.length; i++) {
    if (part[i] !== WILD) {
      out += literal(part[i] ?? '');
      continue;
    }
    const kind = part[++i] ?? '';
    const end = kind === '[' ? part.indexOf(']', i + 2) : -1;
    if (kind === '*') out += '.*';
    else if (kind === '?') out += '.';
    else if (end < 0) out += literal(kind);
    else {
      const set = part.slice(i + 1, end).replaceAll(WILD, '');
      out += `[${set.replace(/^[!^]/, '^').replace(/[\\\]]/g, '\\$&')}]`;
      i = end;
    }
  }
  return out;
}
