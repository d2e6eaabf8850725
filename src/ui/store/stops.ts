/**
 * Where playing pauses by itself between two moments: at a line of the program, of kernel code or of the reader,
 * where a condition holds, where something failed, where the walk is cut. The first of them is the one.
 *
 *     a call:  lines of kernel code | lines of the program | what came of it | lines of the reader behind it
 */
import { errnoName } from '../../shared/errno.ts';
import { foldTrace, kindAt } from '../trace/fold.ts';
import { ownLineAt } from '../trace/kernel_lines.ts';
import { findCall } from '../trace/search.ts';
import type { Position } from '../trace/units.ts';
import type { Breakpoint } from './breakpoint.ts';
import { kernelHitBetween, lineHitBetween } from './line_breaks.ts';
import { readerStopBetween, useReader } from './reader.ts';
import { traceOf } from './run.ts';
import type { PageState } from './store.ts';

export interface Stop {
  readonly at: Position;
  readonly why: string;
  /** Within a call, what comes first. */
  readonly rank: number;
  /** How to get there, when it is more than a moment. */
  readonly go?: () => void;
}

export interface StopsAsked {
  readonly condition: Breakpoint | null;
  /** Whether playing pauses where the walk is cut. */
  readonly atCuts: boolean;
  /** Nothing comes behind `upTo`. */
  readonly isLast: boolean;
}

/** @returns the first stop behind a moment and no later than another; null: none */
export function stopBetween(
  state: PageState,
  after: Position,
  upTo: Position,
  { condition, atCuts, isLast }: StopsAsked,
): Stop | null {
  const trace = traceOf(state);
  if (!trace) return null;
  const found: Stop[] = [];
  const row = kernelHitBetween(state, after, upTo.call);
  if (row >= 0)
    found.push({
      at: { call: trace.lines.call[row] ?? 0, insn: null },
      why: `${state.ran?.module?.path} line ${ownLineAt(trace, row)}`,
      rank: 0,
      go: () => state.seekKernelRow(row),
    });
  const hit = lineHitBetween(state, after, upTo);
  if (hit) found.push({ at: { call: hit.call, insn: hit.insn }, why: `line ${hit.line}`, rank: 1 });
  const came = (call: number | undefined, why: string): void => {
    if (call !== undefined && call >= 0) found.push({ at: { call, insn: null }, why, rank: 2 });
  };
  const failed = trace.result.subarray(after.call + 1, upTo.call + 1).findIndex((result) => result < 0);
  if (failed >= 0) {
    const call = after.call + 1 + failed;
    came(call, `${kindAt(trace, call)} failed with ${errnoName(trace.result[call] ?? 0)}`);
  }
  if (condition) came(findCall(condition.of, condition.test, after.call, 1, upTo.call), state.find);
  const cut = (call: number): boolean => call > after.call && call <= upTo.call;
  if (atCuts) came(foldTrace(trace).cuts.find(cut), CUT);
  const line = readerStopBetween(after.call, upTo.call, isLast);
  if (line)
    found.push({
      at: { call: line.call, insn: null },
      why: line.why,
      rank: 3,
      go: () => useReader.getState().seek(line.place),
    });
  const [first = null] = found.sort((a, b) => a.at.call - b.at.call || a.rank - b.rank);
  return first;
}

export const CUT = 'the read is full';
