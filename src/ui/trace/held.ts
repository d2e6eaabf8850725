/** References and locks that the walk holds between two callbacks. */
import { HELD_KINDS } from '../../protocol/trace.ts';
import type { HeldKind, HeldRow, SessionTrace } from '../../protocol/trace.ts';
import { heldRow, rowsBefore } from '../../protocol/trace_tables.ts';

export interface Holding {
  readonly kind: HeldKind;
  readonly object: bigint;
  readonly n: number;
}

type Open = Map<string, Holding>;

function take(open: Open, { kind, object, delta }: HeldRow): void {
  const id = `${kind} ${object}`;
  const n = (open.get(id)?.n ?? 0) + delta;
  if (n === 0) open.delete(id);
  else open.set(id, { kind, object, n });
}

/** Rows between two moments at which it is written down what is held. */
const STRIDE = 1024;
const checkpoints = new WeakMap<SessionTrace, readonly Open[]>();

/** What is held before row 0, STRIDE, 2 * STRIDE, ...: any moment is at most one stride away. */
function checkpointsOf(trace: SessionTrace): readonly Open[] {
  let known = checkpoints.get(trace);
  if (!known) {
    const made: Open[] = [];
    const open: Open = new Map();
    for (let i = 0; i < trace.held.call.length; i++) {
      if (i % STRIDE === 0) made.push(new Map(open));
      take(open, heldRow(trace.held, i));
    }
    checkpoints.set(trace, (known = made));
  }
  return known;
}

let last: { readonly trace: SessionTrace; readonly call: number; readonly held: readonly Holding[] } | null =
  null;

/** Held right after `call`, in the order of HELD_KINDS. Several views ask the same of a moment: it is answered once. */
export function heldAt(trace: SessionTrace, call: number): readonly Holding[] {
  if (last?.trace !== trace || last.call !== call) last = { trace, call, held: heldRightAfter(trace, call) };
  return last.held;
}

function heldRightAfter(trace: SessionTrace, call: number): readonly Holding[] {
  const end = rowsBefore(trace.held, call + 1);
  const place = Math.floor(end / STRIDE);
  const known = checkpointsOf(trace);
  const from = Math.min(place, known.length - 1);
  const open: Open = new Map(known[from]);
  for (let i = Math.max(0, from) * STRIDE; i < end; i++) take(open, heldRow(trace.held, i));
  return [...open.values()].sort((a, b) => HELD_KINDS.indexOf(a.kind) - HELD_KINDS.indexOf(b.kind));
}

/** A reference or lock from the call that takes it to the one that gives it back. */
export interface HeldBar {
  readonly kind: HeldKind;
  readonly object: bigint;
  readonly from: number;
  /** Call that released it, or the length of the trace. */
  readonly to: number;
}

/** Bars for the timeline, in order of their beginning, longer ones first. */
export function heldBars(trace: SessionTrace): readonly HeldBar[] {
  const open = new Map<string, HeldRow[]>();
  const bars: HeldBar[] = [];
  for (let i = 0; i < trace.held.call.length; i++) {
    const row = heldRow(trace.held, i);
    const id = `${row.kind} ${row.object}`;
    const stack = open.get(id) ?? [];
    open.set(id, stack);
    if (row.delta === 1) stack.push(row);
    else {
      const taken = stack.pop();
      if (taken) bars.push({ kind: row.kind, object: row.object, from: taken.call, to: row.call });
    }
  }
  for (const stack of open.values())
    for (const row of stack)
      bars.push({ kind: row.kind, object: row.object, from: row.call, to: trace.length });
  return bars.sort((a, b) => a.from - b.from || b.to - a.to);
}
