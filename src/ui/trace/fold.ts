/**
 * What the page asks of a recording, computed once for each session: stops for every unit, visits by
 * object, and where each read's bytes begin in the output.
 *
 * All views are folded from these tables at the current call; nothing here knows React or the store.
 */
import { CALL_KINDS } from '../../protocol/trace.ts';
import type { CallKind, SessionTrace } from '../../protocol/trace.ts';

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
  readonly visitsByObject: ReadonlyMap<bigint, readonly Visit[]>;
  /** By `ownerKey(owner, key)`. */
  readonly visitsByOwnerKey: ReadonlyMap<string, readonly Visit[]>;
  /** Bytes that earlier reads have copied out, by read. */
  readonly copiedBefore: readonly number[];
  /** Row of the program's call with NULL, or -1. */
  readonly nullCall: number;
}

export const ownerKey = (owner: bigint, key: number): string => `${owner.toString(16)}/${key}`;

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
  const visitsByObject = new Map<bigint, Visit[]>();
  const visitsByOwnerKey = new Map<string, Visit[]>();
  let nullCall = -1;
  const add = <K>(map: Map<K, Visit[]>, key: K, visit: Visit): void => {
    const list = map.get(key);
    if (list) list.push(visit);
    else map.set(key, [visit]);
  };
  for (let call = 0; call < trace.length; call++) {
    const kind = kindAt(trace, call);
    if ((trace.progRet[call] ?? -1) >= 0 || (trace.insns[call] ?? 0) > 0) programCalls.push(call);
    if (kind === 'show') {
      objectStops.push(call);
      const object = trace.object[call] ?? 0n;
      const visit: Visit = {
        call,
        bytes: Math.max(0, (trace.count[call] ?? 0) - countBefore(trace, call)),
        result: trace.result[call] ?? 0,
        read: trace.read[call] ?? 0,
      };
      add(visitsByObject, object, visit);
      add(visitsByOwnerKey, ownerKey(trace.owner[call] ?? 0n, trace.key[call] ?? 0), visit);
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
    visitsByObject,
    visitsByOwnerKey,
    copiedBefore,
    nullCall,
  };
}

const folded = new WeakMap<SessionTrace, Folded>();

/** The tables of a session; the same trace gives the same object. */
export function foldTrace(trace: SessionTrace): Folded {
  let tables = folded.get(trace);
  if (!tables) folded.set(trace, (tables = fold(trace)));
  return tables;
}

/** Index of the last entry of a sorted list that is <= value, or -1. */
export function lastAtOrBefore(sorted: readonly number[], value: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] ?? Infinity) <= value) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
