/**
 * Geometry of the timeline: reads as bands, one cell for each callback while there is room, owners as
 * spans. Below two pixels a cell, columns of pixels take the tallest callback inside them, so a single
 * stop never disappears.
 */
import { CALL_KINDS } from '../../protocol/trace.ts';
import type { CallKind, SessionTrace } from '../../protocol/trace.ts';

/** Calls [from, to) drawn as one cell. */
export interface Cell {
  readonly from: number;
  readonly to: number;
  readonly kind: CallKind;
}

/** Which callback wins when several share a cell. */
const RANK: Readonly<Record<CallKind, number>> = { next: 0, show: 1, start: 2, copy: 3, stop: 4 };

export function cells(trace: SessionTrace, from: number, to: number, room: number): readonly Cell[] {
  const calls = Math.max(0, to - from);
  const n = Math.min(calls, Math.max(1, Math.floor(room)));
  return Array.from({ length: calls === 0 ? 0 : n }, (_, i) => {
    const first = from + Math.floor((i * calls) / n);
    const end = Math.max(first + 1, from + Math.floor(((i + 1) * calls) / n));
    let kind: CallKind = 'next';
    for (let call = first; call < end; call++) {
      const here = CALL_KINDS[trace.kind[call] ?? 0] ?? 'start';
      if (call === first || RANK[here] > RANK[kind]) kind = here;
    }
    return { from: first, to: end, kind };
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
