/**
 * Where text stands. All files of one compilation lie one after another in a single space of offsets, so a
 * place is a number (`Loc`) and a stretch of text is two (`Range`).
 *
 * A token that came out of a macro's body has the place where the macro was *used*; a token of a macro
 * argument keeps its own. So every place is one a person wrote and can look at. Which macro was used where is
 * kept in a table (`macroUses`), for the notes of a message.
 */

import { must } from '../../shared/assert.ts';
import { all, keepLength, keepMap } from './keep.ts';
import type { PutBack } from './keep.ts';

/** Offset in the space of all files; 0 is no file: built-in text. */
export type Loc = number;

/** From the first character of the first token to the one after the last. */
export interface Range {
  readonly start: Loc;
  readonly end: Loc;
}

/** A line and column a person can use. */
export interface Position {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1, in bytes as the file stands (UTF-16 units here: sources are read as latin-1 or UTF-8 text). */
  readonly column: number;
}

export interface SourceFile {
  readonly path: string;
  readonly text: string;
  readonly base: Loc;
  /** A header that comes with Iterscope. */
  readonly bundled: boolean;
  /** Where #include named it; 0 for the file that is compiled. */
  readonly includedAt: Loc;
  lineStarts: readonly number[] | null;
}

export const NOWHERE: Range = { start: 0, end: 0 };

function lineStartsOf(file: SourceFile): readonly number[] {
  if (file.lineStarts) return file.lineStarts;
  const starts = [0];
  for (let i = file.text.indexOf('\n'); i >= 0; i = file.text.indexOf('\n', i + 1)) starts.push(i + 1);
  file.lineStarts = starts;
  return starts;
}

/** Index of the last element that is not above `value` (the first element is not). */
function lastNotAbove(sorted: readonly number[], value: number): number {
  let low = 0;
  let high = sorted.length - 1;
  while (low < high) {
    const mid = (low + high + 1) >> 1;
    if ((sorted[mid] ?? 0) <= value) low = mid;
    else high = mid - 1;
  }
  return low;
}

/** Every file that took part in a compilation. */
export class Sources {
  readonly files: SourceFile[] = [];
  /** The outermost macro that was used at a place, and where it was defined. */
  readonly macroUses = new Map<Loc, { readonly name: string; readonly definition: Range }>();
  private readonly bases: number[] = [];
  private next: Loc = 1;

  /** @param room how long the text may become (`renew`) */
  add(path: string, text: string, bundled: boolean, includedAt: Loc, room = 0): SourceFile {
    const file: SourceFile = { path, text, base: this.next, bundled, includedAt, lineStarts: null };
    this.files.push(file);
    this.bases.push(file.base);
    this.next += Math.max(text.length, room) + 1;
    return file;
  }

  /** Another text for the file that is compiled, as far as there is room. Places before the change stay. */
  renew(text: string): SourceFile {
    const file = { ...must(this.files[0], 'the file itself'), text, lineStarts: null };
    this.files[0] = file;
    return file;
  }

  keep(): PutBack {
    const { next } = this;
    return all(keepLength(this.files), keepLength(this.bases), keepMap(this.macroUses), () => {
      this.next = next;
    });
  }

  /** The file a place is in, or null for built-in text. */
  fileAt(loc: Loc): SourceFile | null {
    if (loc <= 0 || loc >= this.next) return null;
    return this.files[lastNotAbove(this.bases, loc)] ?? null;
  }

  position(loc: Loc): Position {
    const file = this.fileAt(loc);
    if (!file) return { file: '<built-in>', line: 1, column: 1 };
    const starts = lineStartsOf(file);
    const offset = loc - file.base;
    const line = lastNotAbove(starts, offset);
    return { file: file.path, line: line + 1, column: offset - (starts[line] ?? 0) + 1 };
  }

  /**
   * The line of the user's that a place in a header of ours belongs to: the #include that led there. Other
   * ranges stay.
   */
  outsideHeaders(range: Range): Range {
    let at = range;
    for (let file = this.fileAt(at.start); file?.bundled && file.includedAt > 0; file = this.fileAt(at.start))
      at = { start: file.includedAt, end: file.includedAt };
    return at === range ? range : { start: at.start, end: at.start + this.lineRest(at.start) };
  }

  private lineRest(loc: Loc): number {
    const { column } = this.position(loc);
    return Math.max(1, this.lineText(loc).length - column + 1);
  }

  /** The text of the line a place is in, without its line end. */
  lineText(loc: Loc): string {
    const file = this.fileAt(loc);
    if (!file) return '';
    const starts = lineStartsOf(file);
    const line = lastNotAbove(starts, loc - file.base);
    const end = starts[line + 1];
    return file.text.slice(starts[line], end === undefined ? undefined : end - 1).replace(/\r$/, '');
  }

  /** The text of a range within one file. */
  text(range: Range): string {
    const file = this.fileAt(range.start);
    return file ? file.text.slice(range.start - file.base, range.end - file.base) : '';
  }
}
