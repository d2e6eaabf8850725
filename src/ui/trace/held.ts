/** References and locks that the walk holds between two callbacks. */
import { HELD_KINDS } from '../../protocol/trace.ts';
import type { HeldKind, HeldRow, SessionTrace } from '../../protocol/trace.ts';
import { heldRow, rowsBefore } from '../../protocol/trace_tables.ts';

export interface Holding {
  readonly kind: HeldKind;
  readonly object: bigint;
  readonly n: number;
}

/** What is held, in the order in which it was taken: a handful at any time. */
type Open = Holding[];

function take(open: Open, { kind, object, delta }: HeldRow): void {
  const at = open.findLastIndex((one) => one.kind === kind && one.object === object);
  const n = (open[at]?.n ?? 0) + delta;
  if (at < 0) open.push({ kind, object, n });
  else if (n === 0) open.splice(at, 1);
  else open[at] = { kind, object, n };
}

/** Rows between two moments at which it is written down what is held. */
const STRIDE = 1024;
const checkpoints = new WeakMap<SessionTrace, readonly Open[]>();

/** What is held before row 0, STRIDE, 2 * STRIDE, ...: any moment is at most one stride away. */
function checkpointsOf(trace: SessionTrace): readonly Open[] {
  let known = checkpoints.get(trace);
  if (!known) {
    const made: Open[] = [];
    const open: Open = [];
    for (let i = 0; i < trace.held.call.length; i++) {
      if (i % STRIDE === 0) made.push([...open]);
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
  const open: Open = [...(known[from] ?? [])];
  for (let i = Math.max(0, from) * STRIDE; i < end; i++) take(open, heldRow(trace.held, i));
  return open.sort((a, b) => HELD_KINDS.indexOf(a.kind) - HELD_KINDS.indexOf(b.kind));
}

/** References and locks from the calls that take them to those that give them back, in columns. */
export interface HeldBars {
  /** Place in HELD_KINDS. */
  readonly kind: Uint8Array;
  readonly from: Uint32Array;
  /** Calls that released them, or the length of the trace. */
  readonly to: Uint32Array;
}

/** Bars for the timeline, in order of their beginning, longer ones first. */
export function heldBars({ held, length }: SessionTrace): HeldBars {
  const count = held.delta.reduce((sum, delta) => sum + (delta > 0 ? 1 : 0), 0);
  const [kind, from, to] = [new Uint8Array(count), new Uint32Array(count), new Uint32Array(count)];
  /** Bars that are not closed, and the row that opened each: a handful at any time. */
  const open: { readonly bar: number; readonly row: number }[] = [];
  let bars = 0;
  for (let row = 0; row < held.call.length; row++) {
    if (held.delta[row] === 1) {
      open.push({ bar: bars, row });
      kind[bars] = held.kind[row] ?? 0;
      from[bars] = held.call[row] ?? 0;
      to[bars++] = length;
      continue;
    }
    const taken = open.findLastIndex(
      (one) => held.kind[one.row] === held.kind[row] && held.object[one.row] === held.object[row],
    );
    if (taken >= 0) to[open.splice(taken, 1)[0]?.bar ?? 0] = held.call[row] ?? 0;
  }
  const swap = (column: Uint8Array | Uint32Array, i: number): void => {
    [column[i - 1], column[i]] = [column[i] ?? 0, column[i - 1] ?? 0];
  };
  for (let bar = 1; bar < bars; bar++)
    for (let i = bar; i > 0 && from[i] === from[i - 1] && (to[i] ?? 0) > (to[i - 1] ?? 0); i--) {
      swap(kind, i);
      swap(to, i);
    }
  return { kind, from, to };
}
