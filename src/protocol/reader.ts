/**
 * A reader program's run: the lines of C that it went through, and between them the callbacks of the kernel
 * that its reads caused. Both stand on one timeline:
 *
 *     line 14 ── line 15: read() ── start ── show ── next ── ... ── copy ── line 16
 *
 * A place on it is a number from 0; `placeAt` says what is there. Lines are columns, callbacks are those of the
 * session traces beside them.
 */
import type { SessionView } from './api.ts';
import type { Diagnostic } from './diagnostics.ts';
import type { SessionTrace } from './trace.ts';

/** A variable of a function that runs. */
export interface ReaderValue {
  /** As C reaches it: `n`, `linfo.task.pid`. */
  readonly name: string;
  readonly type: string;
  /** `-2`, `0x7ffc8`, `NULL`, `"text"`. */
  readonly value: string;
}

/** A function that runs: the one that a line belongs to, or one that waits for it. */
export interface ReaderFrame {
  readonly function: string;
  /** Where it is, or where it called. */
  readonly line: number;
  readonly values: readonly ReaderValue[];
}

/** What a user's process does, line by line; columns of equal length. */
export interface ReaderTrace {
  readonly length: number;
  /** The user's own files, by number. */
  readonly files: readonly string[];
  readonly functions: readonly string[];
  readonly tid: Uint32Array;
  readonly file: Uint16Array;
  /** From 1. */
  readonly line: Uint32Array;
  readonly function: Uint16Array;
  /** Calls that are open below main, or below the thread's first function. */
  readonly depth: Uint16Array;
  /** Callbacks of all sessions that came before this line. */
  readonly calls: Uint32Array;
  /** Bytes on stdout before this line. */
  readonly output: Uint32Array;
  /** Variables of the line's function before it runs; shorter than the columns: later lines have none. */
  readonly values: readonly (readonly ReaderValue[])[];
  /** Session of each callback, in the order they came. */
  readonly callSessions: Uint32Array;
  /** Lines that were not kept because the recording reached its limit; 0: all are here. */
  readonly dropped: number;
}

/** Why a program ended otherwise than by itself. */
export interface ReaderCrash {
  readonly signal: number;
  /** The user's own line it came to; null when it was in none. */
  readonly location: { readonly file: string; readonly line: number; readonly function: string } | null;
  /** Why it was stopped from outside: it ran too long, or waited for ever. '' when it was not. */
  readonly stopped: string;
}

export interface ReaderResult {
  readonly diagnostics: readonly Diagnostic[];
  /** One char for each byte, in the order written. */
  readonly stdout: string;
  readonly stderr: string;
  /** As a shell shows it; null when the program did not compile, and was not run. */
  readonly status: number | null;
  readonly crash: ReaderCrash | null;
  readonly trace: ReaderTrace | null;
  readonly sessions: readonly SessionTrace[];
  /** One for each of them. */
  readonly views: readonly SessionView[];
  readonly cancelled: boolean;
}

/** What stands at one place of the common timeline. */
export type Place =
  | { readonly kind: 'line'; readonly step: number }
  | { readonly kind: 'call'; readonly session: number; readonly call: number };

/** Places of the timeline: lines and callbacks together. */
export const placeCount = (trace: ReaderTrace): number => trace.length + trace.callSessions.length;

/** Where a line stands. */
export const placeOfLine = (trace: ReaderTrace, step: number): number => step + (trace.calls[step] ?? 0);

/** Lines that stand before what comes after `calls` callbacks. */
function linesBefore(trace: ReaderTrace, calls: number): number {
  let low = 0;
  let high = trace.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((trace.calls[middle] ?? 0) <= calls) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Where a callback of a session stands; null when the recording has it not. */
export function placeOfCall(trace: ReaderTrace, session: number, call: number): number | null {
  let left = call;
  const nth = trace.callSessions.findIndex((each) => each === session && left-- === 0);
  return nth < 0 ? null : nth + linesBefore(trace, nth);
}

/** The last line that stands at a place or before it: during its calls into the kernel it is still there. -1: none. */
export function lineAt(trace: ReaderTrace, place: number): number {
  let low = 0;
  let high = trace.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (placeOfLine(trace, middle) <= place) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** @returns null outside the timeline */
export function placeAt(trace: ReaderTrace, place: number): Place | null {
  if (place < 0 || place >= placeCount(trace)) return null;
  const step = lineAt(trace, place);
  if (step >= 0 && placeOfLine(trace, step) === place) return { kind: 'line', step };
  const nth = place - step - 1;
  const session = trace.callSessions[nth] ?? 0;
  let call = 0;
  for (let i = 0; i < nth; i++) if (trace.callSessions[i] === session) call++;
  return { kind: 'call', session, call };
}

/** The callback at a place, or the last one before it; null when there is none. */
export function lastCall(trace: ReaderTrace, place: number): (Place & { readonly kind: 'call' }) | null {
  const here = placeAt(trace, place);
  if (here?.kind !== 'line') return here;
  const nth = (trace.calls[here.step] ?? 0) - 1;
  const before = nth < 0 ? null : placeAt(trace, nth + linesBefore(trace, nth));
  return before?.kind === 'call' ? before : null;
}
