/**
 * Messages of the compiler. Anybody may report and go on; a message is dropped when it says nothing new
 * (the same text at the same place), and after `MAX_ERRORS` errors only one more is kept that says so.
 */
import type { Diagnostic, Fix } from '../../protocol/diagnostics.ts';
import { all, keepLength, keepSet } from './keep.ts';
import type { PutBack } from './keep.ts';
import { NOWHERE } from './source.ts';
import type { Range, Sources } from './source.ts';
import { WarningState } from './warning_state.ts';
import { levelOf, unnamed, USUAL_LEVELS } from './warnings.ts';
import type { Levels, Warning } from './warnings.ts';

const MAX_ERRORS = 20;
/** Of what is said of the command line. */
const NO_PLACE = { file: '', line: 0, column: 0 };

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
  /** How many there were, without warnings that are to be errors: behind those the program is read as ever. */
  errors = 0;
  private strict = 0;
  private stopped = false;
  private readonly states: Readonly<Record<Phase, WarningState>>;

  constructor(sources: Sources, levels: Levels = USUAL_LEVELS) {
    this.sources = sources;
    this.states = { preprocessing: new WarningState(levels), parsing: new WarningState(levels) };
  }

  /** Which warnings are on, for who is at work. */
  get warnings(): WarningState {
    return this.states[this.phase];
  }

  get hasErrors(): boolean {
    return this.errors + this.strict > 0;
  }

  /** True once so many errors were reported that going on is of no use. */
  get exhausted(): boolean {
    return this.stopped || this.errors + this.strict > MAX_ERRORS;
  }

  /** @param option its name for clang, which can switch it off */
  error(
    range: Range,
    message: string,
    notes: readonly Note[] = [],
    repairs: readonly Repair[] = [],
    option: Warning | null = null,
  ): void {
    this.report('error', option && `-W${option}`, range, message, notes, repairs);
  }

  /** An error after which the rest makes no sense: nothing more is reported. */
  fatal(range: Range, message: string, notes: readonly Note[] = [], repairs: readonly Repair[] = []): void {
    this.error(range, message, notes, repairs);
    this.stopped = true;
  }

  /**
   * What is a warning, or an error that can be switched off.
   *
   * @param option null: it has no name and is always given, but for -w
   * @param levels those of the moment, or of the place for what is found out later
   * @returns whether it is on
   */
  warning(
    option: Warning | null,
    range: Range,
    message: string,
    notes: readonly Note[] = [],
    repairs: readonly Repair[] = [],
    levels: Levels = this.warnings.levels,
  ): boolean {
    const level = option === null ? unnamed(levels) : levelOf(levels, option);
    if (level) this.report(level.severity, level.flag, range, message, notes, repairs);
    return level !== null;
  }

  /** What was reported, in that order. */
  all(): Diagnostic[] {
    return [...this.lists.preprocessing, ...this.lists.parsing];
  }

  keep(): PutBack {
    const { errors, strict, stopped, lists, states } = this;
    const kept = [keepLength(lists.preprocessing), keepLength(lists.parsing), keepSet(this.seen)];
    return all(...kept, states.preprocessing.keep(), states.parsing.keep(), () => {
      this.errors = errors;
      this.strict = strict;
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
    flag: string | null,
    range: Range,
    message: string,
    notes: readonly Note[],
    repairs: readonly Repair[],
  ): void {
    const key = `${range.start}:${message}`;
    if (this.seen.has(key) || this.exhausted) return;
    this.seen.add(key);
    if (severity === 'error' && flag?.startsWith('-Werror')) this.strict++;
    else if (severity === 'error') this.errors++;
    const last = this.exhausted;
    const shown = this.sources.outsideHeaders(range);
    const start = shown === NOWHERE ? NO_PLACE : this.sources.position(shown.start);
    const end = shown === NOWHERE ? NO_PLACE : this.sources.position(Math.max(shown.start, shown.end));
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
      ...(flag !== null && !last && { flag }),
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
