/**
 * Messages of the compiler. Anybody may report and go on; a message is dropped when it says nothing new
 * (the same text at the same place), and after `MAX_ERRORS` errors only one more is kept that says so.
 */
import type { Diagnostic, Fix } from '../../protocol/diagnostics.ts';
import { all, keepLength, keepSet } from './keep.ts';
import type { PutBack } from './keep.ts';
import type { Range, Sources } from './source.ts';

const MAX_ERRORS = 20;

/** A remark under a message, at a place of its own or none. */
export interface Note {
  readonly message: string;
  readonly range: Range | null;
}

/** What the text of a range is to become; an empty range inserts. */
export interface Repair {
  readonly title: string;
  readonly range: Range;
  readonly text: string;
}

/** `name` at `range` should have been `meant`; nothing when there is no such guess. */
export const renamed = (range: Range, meant: string | null): Repair[] =>
  meant === null ? [] : [{ title: `Change to '${meant}'`, range, text: meant }];

/** Puts `text` at a place. */
export const inserted = (at: number, text: string): Repair[] => [
  { title: `Insert '${text}'`, range: { start: at, end: at }, text },
];

type Phase = 'preprocessing' | 'parsing';

export class Diagnostics {
  private readonly lists: Readonly<Record<Phase, Diagnostic[]>> = { preprocessing: [], parsing: [] };
  /** Who is at work: the preprocessor's messages come before all others. */
  phase: Phase = 'parsing';
  private readonly seen = new Set<string>();
  private readonly sources: Sources;
  /** How many there were. */
  errors = 0;
  private stopped = false;

  constructor(sources: Sources) {
    this.sources = sources;
  }

  get hasErrors(): boolean {
    return this.errors > 0;
  }

  /** True once so many errors were reported that going on is of no use. */
  get exhausted(): boolean {
    return this.stopped || this.errors > MAX_ERRORS;
  }

  error(range: Range, message: string, notes: readonly Note[] = [], repairs: readonly Repair[] = []): void {
    this.report('error', range, message, notes, repairs);
  }

  /** An error after which the rest makes no sense: nothing more is reported. */
  fatal(range: Range, message: string, notes: readonly Note[] = [], repairs: readonly Repair[] = []): void {
    this.error(range, message, notes, repairs);
    this.stopped = true;
  }

  warning(range: Range, message: string, notes: readonly Note[] = [], repairs: readonly Repair[] = []): void {
    this.report('warning', range, message, notes, repairs);
  }

  /** What was reported, in that order. */
  all(): Diagnostic[] {
    return [...this.lists.preprocessing, ...this.lists.parsing];
  }

  keep(): PutBack {
    const { errors, stopped, lists } = this;
    return all(keepLength(lists.preprocessing), keepLength(lists.parsing), keepSet(this.seen), () => {
      this.errors = errors;
      this.stopped = stopped;
    });
  }

  /** Repairs of the user's own text; what came out of a macro's body cannot be repaired where it was used. */
  private fixes(repairs: readonly Repair[]): Fix[] {
    return repairs.flatMap(({ title, range, text }) => {
      const isWritten =
        !this.sources.fileAt(range.start)?.bundled && !this.sources.macroUses.has(range.start);
      if (!isWritten) return [];
      const start = this.sources.position(range.start);
      const end = this.sources.position(range.end);
      const { line, column } = start;
      return [{ title, edits: [{ line, column, endLine: end.line, endColumn: end.column, text }] }];
    });
  }

  private report(
    severity: 'error' | 'warning',
    range: Range,
    message: string,
    notes: readonly Note[],
    repairs: readonly Repair[],
  ): void {
    const key = `${range.start}:${message}`;
    if (this.seen.has(key) || this.exhausted) return;
    this.seen.add(key);
    if (severity === 'error') this.errors++;
    const last = this.exhausted;
    const shown = this.sources.outsideHeaders(range);
    const start = this.sources.position(shown.start);
    const end = this.sources.position(Math.max(shown.start, shown.end));
    const fixes = last ? [] : this.fixes(repairs);
    this.lists[this.phase].push({
      source: 'cc',
      severity,
      file: start.file,
      line: start.line,
      column: start.column,
      endLine: end.file === start.file ? end.line : start.line,
      endColumn: end.file === start.file ? end.column : start.column + 1,
      message: last ? 'too many errors: stopping here' : message,
      notes: last ? [] : [...notes.map((n) => this.noteText(n)), ...this.wayHere(range, shown)],
      ...(fixes.length > 0 && { fixes }),
    });
  }

  /** Which macro was used there, where in a header of ours it is, who included the file. */
  private wayHere(range: Range, shown: Range): string[] {
    const notes: Note[] = [];
    const use = this.sources.macroUses.get(range.start);
    if (use) notes.push({ message: `expanded from macro '${use.name}'`, range: use.definition });
    if (shown !== range) notes.push({ message: 'noticed here', range });
    for (let file = this.sources.fileAt(shown.start); file && file.includedAt > 0;) {
      notes.push({ message: 'included from here', range: { start: file.includedAt, end: file.includedAt } });
      file = this.sources.fileAt(file.includedAt);
    }
    return notes.map((n) => this.noteText(n));
  }

  private noteText(note: Note): string {
    if (!note.range) return note.message;
    const at = this.sources.position(note.range.start);
    return `${at.file}:${at.line}:${at.column}: ${note.message}`;
  }
}

/** Edit distance with swaps of neighbours; gives up above `limit`. */
function distance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) > limit) return limit + 1;
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      let cost = Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + same);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        cost = Math.min(cost, (before[j - 2] ?? 0) + 1);
      next.push(cost);
    }
    before = row;
    row = next;
  }
  return row[b.length] ?? limit + 1;
}

/** The candidate that `name` was probably meant to be, or null. */
export function didYouMean(name: string, candidates: Iterable<string>): string | null {
  let limit = Math.floor(name.length / 3);
  let best: string | null = null;
  for (const candidate of candidates) {
    if (candidate === name || candidate === '') continue;
    const d = distance(name, candidate, limit);
    if (d < limit || (d === limit && best === null)) {
      limit = d;
      best = candidate;
    }
  }
  return best;
}

/** `; did you mean 'x'?`, or nothing. */
export const hintText = (meant: string | null): string =>
  meant === null ? '' : `; did you mean '${meant}'?`;
