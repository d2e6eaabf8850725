/**
 * Stepping. A position is a call and, inside a program, an instruction; a unit says which positions count
 * as the next one.
 */
import type { Folded } from './fold.ts';
import { lastAtOrBefore } from './fold.ts';

export const UNITS = ['read', 'object', 'callback', 'insn'] as const;
export type Unit = (typeof UNITS)[number];

export interface Position {
  readonly call: number;
  /** Instruction that is about to run, or null: right after the call. */
  readonly insn: number | null;
}

/** The next larger unit; read stays read. */
export const largerUnit = (unit: Unit): Unit => UNITS[Math.max(0, UNITS.indexOf(unit) - 1)] ?? 'read';

const clamp = (value: number, last: number): number => Math.max(0, Math.min(last, value));

export const lastCall = ({ trace }: Folded): number => Math.max(0, trace.length - 1);

/** Keeps a position inside the recording. */
export function nearest(f: Folded, at: Position): Position {
  const call = clamp(Math.trunc(at.call), lastCall(f));
  const ran = f.trace.insns[call] ?? 0;
  return { call, insn: at.insn === null || ran === 0 ? null : clamp(at.insn, ran - 1) };
}

function stepStops(stops: readonly number[], at: Position, by: 1 | -1, last: number): Position {
  const here = lastAtOrBefore(stops, at.call);
  if (by === 1) return { call: stops[here + 1] ?? last, insn: null };
  const on = stops[here] === at.call && at.insn === null;
  return { call: stops[on ? here - 1 : here] ?? 0, insn: null };
}

function stepInsn(f: Folded, at: Position, by: 1 | -1): Position {
  const { insns } = f.trace;
  const ran = insns[at.call] ?? 0;
  if (by === 1) {
    if (at.insn !== null && at.insn + 1 < ran) return { call: at.call, insn: at.insn + 1 };
    const next = f.programCalls[lastAtOrBefore(f.programCalls, at.call) + 1];
    return next === undefined ? { call: lastCall(f), insn: null } : { call: next, insn: 0 };
  }
  if (at.insn !== null && at.insn > 0) return { call: at.call, insn: at.insn - 1 };
  if (at.insn === null && ran > 0) return { call: at.call, insn: ran - 1 };
  const before = f.programCalls[lastAtOrBefore(f.programCalls, at.call - 1)];
  return before === undefined ? { call: 0, insn: null } : { call: before, insn: (insns[before] ?? 1) - 1 };
}

/** One step by a unit; at either end the position stays. */
export function step(f: Folded, at: Position, unit: Unit, by: 1 | -1): Position {
  switch (unit) {
    case 'read':
      return stepStops(f.readStops, at, by, lastCall(f));
    case 'object':
      return stepStops(f.objectStops, at, by, lastCall(f));
    case 'callback':
      return at.insn !== null && by === 1
        ? { call: at.call, insn: null }
        : { call: clamp(at.call + by, lastCall(f)), insn: null };
    case 'insn':
      return stepInsn(f, at, by);
  }
}
