/**
 * "The next event where ...": conditions on callbacks, as a line of words.
 *
 *     kind show pid 812        both
 *     fd 3    key 0x7f00       the key of the object in its owner
 *     ret 1                    what the program returned
 *     output "pts/0"           text that the call wrote
 *     bash                     a word of the object's name
 */
import { CALL_KINDS } from '../../protocol/trace.ts';
import { kindAt } from './fold.ts';
import type { Folded } from './fold.ts';
import type { Names } from './names.ts';
import { writtenBy } from './output.ts';

/** What a condition may look at. */
export interface Searched {
  readonly folded: Folded;
  readonly names: Names;
  /** Output of the session, one char for each byte. */
  readonly output: string;
}
type Test = (of: Searched, call: number) => boolean;

export type Condition =
  | { readonly ok: true; readonly test: Test }
  | { readonly ok: false; readonly problem: string };

const pidOf = ({ folded: { trace }, names }: Searched, call: number): number | undefined =>
  trace.target === 'task'
    ? trace.key[call]
    : names.node((trace.owner[call] ?? 0n) || (trace.object[call] ?? 0n))?.key;

const wrote = ({ folded, output }: Searched, call: number): string => {
  const span = writtenBy(folded, call);
  return span ? output.slice(span.from, span.to) : '';
};
const hasObject = ({ folded: { trace } }: Searched, call: number): boolean => trace.object[call] !== 0n;

/** A word that takes a value: how the value is read, and what it asks. */
const NUMBERS: Readonly<Record<string, (of: Searched, call: number, value: number) => boolean>> = {
  pid: (of, call, value) => hasObject(of, call) && pidOf(of, call) === value,
  fd: (of, call, value) =>
    of.folded.trace.target === 'task_file' && hasObject(of, call) && of.folded.trace.key[call] === value,
  key: (of, call, value) => hasObject(of, call) && of.folded.trace.key[call] === value,
  ret: ({ folded: { trace } }, call, value) => trace.progRet[call] === value,
  read: ({ folded: { trace } }, call, value) => trace.read[call] === value - 1,
};

function termOf(word: string, value: string | undefined): Test | string {
  const number = NUMBERS[word];
  if (number) {
    const wanted = Number(value);
    if (value === undefined || value === '' || !Number.isFinite(wanted)) return `${word} needs a number`;
    return (of, call) => number(of, call, wanted);
  }
  if (word === 'kind') {
    if (!CALL_KINDS.some((kind) => kind === value)) return `kind is one of ${CALL_KINDS.join(', ')}`;
    return ({ folded }, call) => kindAt(folded.trace, call) === value;
  }
  if (word === 'output') {
    if (!value) return 'output needs a text';
    return (of, call) => wrote(of, call).includes(value);
  }
  const part = word.toLowerCase();
  return ({ folded, names }, call) => names.subject(folded, call).toLowerCase().includes(part);
}

const VALUED = new Set([...Object.keys(NUMBERS), 'kind', 'output']);

/** All terms of a line have to hold. An empty line is no condition. */
export function parseCondition(line: string): Condition {
  const words = Array.from(line.matchAll(/"([^"]*)"|[^\s=:"]+/g), (match) => match[1] ?? match[0]);
  if (words.length === 0) return { ok: false, problem: '' };
  const tests: Test[] = [];
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? '';
    const term = termOf(word, VALUED.has(word) ? words[++i] : undefined);
    if (typeof term === 'string') return { ok: false, problem: term };
    tests.push(term);
  }
  return { ok: true, test: (of, call) => tests.every((test) => test(of, call)) };
}

/** The next call after one (or the one before) at which a condition holds, or -1. `last` is the last one to look at. */
export function findCall(of: Searched, test: Test, from: number, by: 1 | -1, last = by * Infinity): number {
  const { length } = of.folded.trace;
  for (let call = from + by; call >= 0 && call < length && by * (last - call) >= 0; call += by)
    if (test(of, call)) return call;
  return -1;
}
