/**
 * The output of a session, cut into lines, with the place where each read(2) ended and the bytes that each
 * call wrote.
 *
 * Stream offsets count the bytes that the reader gets. A record keeps its offset from the moment it is
 * written: what earlier reads copied, plus its place in the buffer.
 */
import { countBefore, kindAt, lastAtOrBefore } from './fold.ts';
import type { Folded } from './fold.ts';
import type { SessionTrace } from '../../protocol/trace.ts';
import { rowsBefore } from '../../protocol/trace_tables.ts';

/** Bytes [from, to) of the stream. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** End of a read inside the stream. */
export interface Boundary {
  readonly read: number;
  /** Stream offset after this read. */
  readonly at: number;
  readonly ret: number;
  readonly size: number;
}

export interface OutputLine extends Span {
  readonly text: string;
  /** Reads that end inside this line or right after it. */
  readonly boundaries: readonly Boundary[];
}

/** Latin-1 text of one session out of the whole report: sessions follow each other. */
export function sessionOutput(output: string, sessions: readonly SessionTrace[], index: number): string {
  const bytes = (trace: SessionTrace): number =>
    trace.reads.reduce((sum, read) => sum + Math.max(0, read.ret), 0);
  const from = sessions.slice(0, index).reduce((sum, trace) => sum + bytes(trace), 0);
  const own = sessions[index];
  return own ? output.slice(from, from + bytes(own)) : '';
}

/** The lines of an output. A line is made when it is asked for, and then stays the same. */
export class OutputLines {
  readonly length: number;
  private readonly text: string;
  private readonly boundaries: readonly Boundary[];
  /** Offset behind each line. */
  private readonly ends: Uint32Array;
  private readonly made: OutputLine[] = [];

  constructor(f: Folded, text: string) {
    this.text = text;
    this.boundaries = f.trace.reads.map((read, i): Boundary => ({
      read: i,
      at: f.copiedBefore[i + 1] ?? 0,
      ret: read.ret,
      size: read.size,
    }));
    this.ends = lineEnds(text);
    // Reads that end behind the text stand in a line of their own.
    const rest =
      this.upTo(text.length) < this.boundaries.length || (text === '' && this.boundaries.length > 0);
    this.length = this.ends.length + (rest ? 1 : 0);
  }

  line(i: number): OutputLine {
    return (this.made[i] ??= this.make(i));
  }

  /** Number of reads that end at or before an offset. */
  private upTo(offset: number): number {
    let low = 0;
    let high = this.boundaries.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.boundaries[middle]?.at ?? Infinity) <= offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  private make(i: number): OutputLine {
    const { text, ends } = this;
    const from = i === 0 ? 0 : (ends[i - 1] ?? text.length);
    const isRest = i >= ends.length;
    const to = ends[i] ?? text.length;
    const first = i === 0 ? 0 : this.upTo(from);
    return {
      from,
      to,
      text: text.slice(from, text[to - 1] === '\n' && to > from ? to - 1 : to),
      boundaries: this.boundaries.slice(first, isRest ? undefined : this.upTo(to)),
    };
  }

  /** The first line that ends at or after an offset, or the first of all. */
  at(offset: number): number {
    const { ends, text } = this;
    if (offset > text.length) return 0;
    const before = lastAtOrBefore(ends, offset - 1) + 1;
    return before < this.length ? before : 0;
  }
}

/** Offsets behind the lines of a text; the last line may have no newline. */
function lineEnds(text: string): Uint32Array {
  const ends: number[] = [];
  for (let from = 0; from < text.length;) {
    const newline = text.indexOf('\n', from);
    from = newline < 0 ? text.length : newline + 1;
    ends.push(from);
  }
  return Uint32Array.from(ends);
}

/** Bytes that have been written when `call` is over, copied out or still in the buffer. */
export function producedAt(f: Folded, call: number): number {
  const read = f.trace.read[call] ?? 0;
  const copied = f.copiedBefore[kindAt(f.trace, call) === 'copy' ? read + 1 : read] ?? 0;
  return copied + (f.trace.count[call] ?? 0);
}

/** Bytes of the stream that the call wrote, or null; the same bytes while later calls keep the cursor on it. */
export function writtenBy(f: Folded, call: number): Span | null {
  const { trace } = f;
  const kind = kindAt(trace, call);
  if (kind !== 'show' && kind !== 'stop') return null;
  const before = countBefore(trace, call);
  const after = trace.count[call] ?? 0;
  const base = f.copiedBefore[trace.read[call] ?? 0] ?? 0;
  return after > before ? { from: base + before, to: base + after } : null;
}

/** Call that wrote a byte of the stream, or -1. */
export function callThatWrote(f: Folded, offset: number): number {
  for (const call of f.objectStops) {
    const span = writtenBy(f, call);
    if (span && span.from <= offset && offset < span.to) return call;
  }
  return -1;
}

/** Bytes that a call wrote and the kernel took back, or 0. */
export function takenBack(f: Folded, call: number): number {
  if ((f.trace.result[call] ?? 0) >= 0 || kindAt(f.trace, call) !== 'show') return 0;
  const { writes } = f.trace;
  return writes.bytes
    .subarray(rowsBefore(writes, call), rowsBefore(writes, call + 1))
    .reduce((sum, bytes) => sum + bytes, 0);
}
