/** References and locks that the walk holds between two callbacks. */
import { HELD_KINDS } from '../../protocol/trace.ts';
import type { HeldKind, HeldRow, SessionTrace } from '../../protocol/trace.ts';

export interface Holding {
  readonly kind: HeldKind;
  readonly object: bigint;
  readonly n: number;
}

/** Held right after `call`, in the order of HELD_KINDS. */
export function heldAt(trace: SessionTrace, call: number): readonly Holding[] {
  const open = new Map<string, Holding>();
  for (const row of trace.held) {
    if (row.call > call) break;
    const id = `${row.kind} ${row.object}`;
    const n = (open.get(id)?.n ?? 0) + row.delta;
    if (n === 0) open.delete(id);
    else open.set(id, { kind: row.kind, object: row.object, n });
  }
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
  for (const row of trace.held) {
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
