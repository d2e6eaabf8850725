/**
 * What the page asks of a recording, computed once for each session: stops for every unit, visits by
 * object, and where each read's bytes begin in the output.
 *
 * All views are folded from these tables at the current call; nothing here knows React or the store.
 */
import { CALL_KINDS } from '../../protocol/trace.ts';
import type { CallKind, SessionTrace } from '../../protocol/trace.ts';
import { WordIndex } from './word_index.ts';

/** One offering of an object to the program. */
export interface Visit {
  /** Row of the show call. */
  readonly call: number;
  /** Bytes that stayed in the buffer. */
  readonly bytes: number;
  /** As CallRow.result: 0 kept, >0 passed over by the target, negative taken back. */
  readonly result: number;
  readonly read: number;
}

export interface Folded {
  readonly trace: SessionTrace;
  /** Rows at which an object is shown, and the calls with NULL at the end: the stops of the unit "object". */
  readonly objectStops: readonly number[];
  /** Last row of each read. */
  readonly readStops: readonly number[];
  /** Rows in which the program ran. */
  readonly programCalls: readonly number[];
  /** Rows where a walk is cut short: stop with an object that waits. */
  readonly cuts: readonly number[];
  /** Rows of show calls by their object, and by its owner and key there. */
  readonly showsOf: WordIndex;
  readonly showsAt: WordIndex;
  /** Bytes that earlier reads have copied out, by read. */
  readonly copiedBefore: readonly number[];
  /** Row of the program's call with NULL, or -1. */
  readonly nullCall: number;
}

export const kindAt = (trace: SessionTrace, call: number): CallKind =>
  CALL_KINDS[trace.kind[call] ?? 0] ?? 'start';

/** Bytes in the buffer before a call. */
export const countBefore = (trace: SessionTrace, call: number): number =>
  call > 0 ? (trace.count[call - 1] ?? 0) : 0;

/** Whether the program runs with NULL in this call. */
export const isNullCall = (trace: SessionTrace, call: number): boolean =>
  kindAt(trace, call) === 'stop' && trace.object[call] === 0n && trace.result[call] === 1;

function fold(trace: SessionTrace): Folded {
  const objectStops: number[] = [];
  const programCalls: number[] = [];
  const cuts: number[] = [];
  const shows = new Int32Array(trace.length);
  let shown = 0;
  let nullCall = -1;
  for (let call = 0; call < trace.length; call++) {
    const kind = kindAt(trace, call);
    if ((trace.progRet[call] ?? -1) >= 0 || (trace.insns[call] ?? 0) > 0) programCalls.push(call);
    if (kind === 'show') {
      objectStops.push(call);
      shows[shown++] = call;
    } else if (kind === 'stop') {
      if (isNullCall(trace, call)) {
        nullCall = call;
        objectStops.push(call);
      } else if (trace.object[call] !== 0n) cuts.push(call);
    }
  }
  const copiedBefore: number[] = [];
  let copied = 0;
  for (const read of trace.reads) {
    copiedBefore.push(copied);
    copied += Math.max(0, read.ret);
  }
  copiedBefore.push(copied);
  return {
    trace,
    objectStops,
    readStops: trace.reads.map((read) => read.lastCall),
    programCalls,
    cuts,
    showsOf: new WordIndex(trace.object, null, shows.subarray(0, shown)),
    showsAt: new WordIndex(trace.owner, trace.key, shows.subarray(0, shown)),
    copiedBefore,
    nullCall,
  };
}

/** Calls that offered an object after one call and up to another, in either direction; null: more than `most`. */
export function objectsBetween(f: Folded, a: number, b: number, most: number): readonly number[] | null {
  const from = lastAtOrBefore(f.objectStops, Math.min(a, b)) + 1;
  const to = lastAtOrBefore(f.objectStops, Math.max(a, b)) + 1;
  return to - from > most ? null : f.objectStops.slice(from, to);
}

const folded = new WeakMap<SessionTrace, Folded>();

/** The tables of a session; the same trace gives the same object. */
export function foldTrace(trace: SessionTrace): Folded {
  let tables = folded.get(trace);
  if (!tables) folded.set(trace, (tables = fold(trace)));
  return tables;
}

/** What came of a show call. */
export const visitAt = (trace: SessionTrace, call: number): Visit => ({
  call,
  bytes: Math.max(0, (trace.count[call] ?? 0) - countBefore(trace, call)),
  result: trace.result[call] ?? 0,
  read: trace.read[call] ?? 0,
});

/** Index of the last entry of a sorted list that is <= value, or -1. */
export function lastAtOrBefore(sorted: ArrayLike<number>, value: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] ?? Infinity) <= value) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
