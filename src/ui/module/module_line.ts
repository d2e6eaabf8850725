/** Where kernel code of the user's stands: at a line that was gone to, or where the callback on show returned. */
import { traceOf } from '../store/run.ts';
import type { PageState } from '../store/store.ts';
import { ownLineAt, ownLineRows, rowAfter } from '../trace/kernel_lines.ts';

/** Its row among the lines of the trace; -1: it did nothing in this callback. */
function rowOf(state: PageState): number {
  const trace = traceOf(state);
  const { at, kernelRow } = state;
  if (!trace || !state.ran?.module) return -1;
  if (kernelRow?.at === at) return kernelRow.row;
  const before = rowAfter(trace, at.call - 1);
  return ownLineRows(trace, null, rowAfter(trace, at.call) - 1, before - 1).next().value ?? -1;
}

/** A line of the module, from 1; 0: it did nothing in this callback. */
export function moduleLine(state: PageState): number {
  const trace = traceOf(state);
  return trace ? ownLineAt(trace, rowOf(state)) : 0;
}

/** The row of the line that is come to before or after the one on show; null: there is none. */
export function rowBeside(state: PageState, by: 1 | -1): number | null {
  const trace = traceOf(state);
  if (!trace || !state.ran?.module) return null;
  const here = rowOf(state);
  const from = here >= 0 ? here + by : rowAfter(trace, state.at.call) - (by < 0 ? 1 : 0);
  const end = by > 0 ? trace.lines.line.length : -1;
  return (by > 0 ? from >= end : from <= end)
    ? null
    : (ownLineRows(trace, null, from, end).next().value ?? null);
}
