/**
 * The output of a session, cut into lines, with the place where each read(2) ended and the bytes that each
 * call wrote.
 *
 * Stream offsets count the bytes that the reader gets. A record keeps its offset from the moment it is
 * written: what earlier reads copied, plus its place in the buffer.
 */
import { countBefore, kindAt } from './fold.ts';
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

export function outputLines(f: Folded, text: string): readonly OutputLine[] {
  const boundaries = f.trace.reads.map((read, i): Boundary => ({
    read: i,
    at: f.copiedBefore[i + 1] ?? 0,
    ret: read.ret,
    size: read.size,
  }));
  const lines: OutputLine[] = [];
  let next = 0;
  for (let from = 0; from < text.length;) {
    const newline = text.indexOf('\n', from);
    const to = newline < 0 ? text.length : newline + 1;
    const here: Boundary[] = [];
    for (let b = boundaries[next]; b && b.at <= to; b = boundaries[++next]) here.push(b);
    lines.push({ from, to, text: text.slice(from, newline < 0 ? to : newline), boundaries: here });
    from = to;
  }
  const rest = boundaries.slice(next);
  if (rest.length > 0) lines.push({ from: text.length, to: text.length, text: '', boundaries: rest });
  return lines;
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
