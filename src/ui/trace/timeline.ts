/**
 * Geometry of the timeline: reads as bands, one cell for each callback while there is room, owners as
 * spans. Without room for cells, columns of pixels say how many callbacks of each kind are inside them.
 */
import { CALL_KINDS } from '../../protocol/trace.ts';
import type { CallKind, SessionTrace } from '../../protocol/trace.ts';

/** Calls [from, to) that share a column. */
export interface Bin {
  readonly from: number;
  readonly to: number;
  /** Callbacks of each kind, in the order of CALL_KINDS. */
  readonly counts: readonly number[];
}

/** The calls [from, to) in at most `room` columns; with room for all, one call in each. */
export function bins(trace: SessionTrace, from: number, to: number, room: number): readonly Bin[] {
  const calls = Math.max(0, to - from);
  const n = Math.min(calls, Math.max(1, Math.floor(room)));
  return Array.from({ length: n }, (_, i) => {
    const first = from + Math.floor((i * calls) / n);
    const end = Math.max(first + 1, from + Math.floor(((i + 1) * calls) / n));
    const counts = CALL_KINDS.map(() => 0);
    for (let call = first; call < end; call++) {
      const kind = trace.kind[call] ?? 0;
      counts[kind] = (counts[kind] ?? 0) + 1;
    }
    return { from: first, to: end, counts };
  });
}

/** One kind's part of a column: its place from the bottom and its height. */
export interface Share {
  readonly kind: CallKind;
  readonly from: number;
  readonly height: number;
}

/** From the bottom of a column to its top. */
const STACK: readonly CallKind[] = ['next', 'show', 'copy', 'start', 'stop'];

/**
 * A column cut between the kinds in it, by their numbers. Every kind that is there gets `least`, so that a
 * single stop among thousands of callbacks is seen, and thousands of callbacks are not taken for stops.
 */
export function shares({ counts }: Bin, height: number, least: number): readonly Share[] {
  const present = STACK.filter((kind) => (counts[CALL_KINDS.indexOf(kind)] ?? 0) > 0);
  const total = counts.reduce((sum, n) => sum + n, 0);
  const free = height - least * present.length;
  let from = 0;
  return present.map((kind) => {
    const own = least + (free * (counts[CALL_KINDS.indexOf(kind)] ?? 0)) / total;
    from += own;
    return { kind, from: from - own, height: own };
  });
}

/** Consecutive calls about objects of one owner. */
export interface OwnerSpan {
  readonly owner: bigint;
  readonly from: number;
  readonly to: number;
}

const knownSpans = new WeakMap<SessionTrace, readonly OwnerSpan[]>();

/** In the order of the calls; the same trace gives the same list. */
export function ownerSpans(trace: SessionTrace): readonly OwnerSpan[] {
  let spans = knownSpans.get(trace);
  if (!spans) knownSpans.set(trace, (spans = findSpans(trace)));
  return spans;
}

function findSpans(trace: SessionTrace): readonly OwnerSpan[] {
  const spans: OwnerSpan[] = [];
  let open: { owner: bigint; from: number; to: number } | null = null;
  for (let call = 0; call < trace.length; call++) {
    const kind = CALL_KINDS[trace.kind[call] ?? 0];
    const object = trace.object[call] ?? 0n;
    const owner = kind === 'copy' || kind === 'stop' ? 0n : (trace.owner[call] ?? 0n) || object;
    if (open && owner === open.owner) open.to = call + 1;
    else {
      if (open) spans.push(open);
      open = owner === 0n ? null : { owner, from: call, to: call + 1 };
    }
  }
  if (open) spans.push(open);
  return spans;
}

/** The largest fill of the buffer, for the height of its track. */
export function highestCount(trace: SessionTrace): number {
  let highest = 0;
  for (let call = 0; call < trace.length; call++) highest = Math.max(highest, trace.count[call] ?? 0);
  return highest;
}
