/** The moment on show, and how it moves: by units, by number, by playing. */
import type { StateCreator } from 'zustand';
import type { Moment } from '../../protocol/moment.ts';
import { foldTrace } from '../trace/fold.ts';
import { nearest, step } from '../trace/units.ts';
import type { Position, Unit } from '../trace/units.ts';
import { kept } from './keep.ts';
import { ofSession, traceOf } from './run.ts';
import type { PageState } from './store.ts';

/** Units per second; Infinity draws one frame per 16 ms. */
export const SPEEDS = [1, 2, 4, 10, 50, Infinity] as const;

export interface CursorSlice {
  /** Place of the session on show in `result.sessions`. */
  readonly session: number;
  readonly at: Position;
  readonly unit: Unit;
  readonly speed: number;
  readonly playing: boolean;
  /** Why playing paused by itself; ''. */
  readonly paused: string;
  /** Moments that the user went to on purpose; each one counts. The browser's Back undoes them. */
  readonly jumps: number;
  setSession: (session: number) => void;
  seek: (at: Position) => void;
  /** Goes to a moment on purpose: pauses, and counts as a jump. */
  jump: (at: Position) => void;
  stepBy: (by: 1 | -1, unit?: Unit) => void;
  setUnit: (unit: Unit) => void;
  setSpeed: (speed: number) => void;
  play: () => void;
  pause: (why?: string) => void;
}

export const cursorSlice: StateCreator<PageState, [], [], CursorSlice> = (set, get) => ({
  session: 0,
  at: { call: 0, insn: null },
  unit: 'object',
  speed: SPEEDS.find((speed) => String(speed) === kept('speed')) ?? 4,
  playing: false,
  paused: '',
  jumps: 0,
  setSession: (session) => {
    const { result } = get();
    set({
      session,
      result: result && ofSession(result, session),
      at: { call: 0, insn: null },
      playing: false,
      selected: null,
    });
  },
  seek: (at) => {
    const trace = traceOf(get());
    if (trace) set({ at: nearest(foldTrace(trace), at) });
  },
  jump: (at) => {
    const trace = traceOf(get());
    get().pause();
    // One change, so that who watches sees the moment before beside the moment after.
    if (trace) set({ at: nearest(foldTrace(trace), at), jumps: get().jumps + 1 });
  },
  stepBy: (by, unit = get().unit) => {
    const trace = traceOf(get());
    if (trace) set({ at: step(foldTrace(trace), get().at, unit, by), playing: false, paused: '' });
  },
  setUnit: (unit) => set({ unit }),
  setSpeed: (speed) => set({ speed }),
  play: () => {
    const trace = traceOf(get());
    if (!trace || trace.length === 0) return;
    const atEnd = get().at.call >= trace.length - 1;
    set({ playing: true, paused: '', ...(atEnd ? { at: { call: 0, insn: null } } : {}) });
  },
  pause: (why = '') => {
    if (get().playing || why) set({ playing: false, paused: why });
  },
});

/** The moment on show, as the engine knows it, or null without a recording. */
export function momentOf(state: PageState): Moment | null {
  const trace = traceOf(state);
  if (!trace || trace.length === 0) return null;
  const { call, insn } = state.at;
  return { session: trace.session, read: trace.read[call] ?? 0, call, ...(insn === null ? {} : { insn }) };
}
