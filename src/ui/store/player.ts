/** Play: steps by the unit at the chosen speed, and pauses where something happens. */
import { errnoName } from '../../shared/errno.ts';
import { foldTrace, kindAt } from '../trace/fold.ts';
import { findCall } from '../trace/search.ts';
import { lastCall, step } from '../trace/units.ts';
import { traceOf } from './run.ts';
import { useStore } from './store.ts';
import { breakpointOf } from './breakpoint.ts';
import { lineHitBetween } from './line_breaks.ts';

/** At top speed a recording takes about this many frames, however long it is. */
const FRAMES_AT_TOP_SPEED = 300;

/** Runs while the store says so; a stop of the walk pauses it once in each recording. */
export function startPlayer(): void {
  let last = 0;
  let owed = 0;
  let pausedIn: unknown = null;

  const frame = (now: number): void => {
    const state = useStore.getState();
    const trace = traceOf(state);
    if (!state.playing || !trace) return;
    const f = foldTrace(trace);
    const top = state.speed === Infinity;
    owed += top
      ? Math.max(1, Math.ceil(trace.length / FRAMES_AT_TOP_SPEED))
      : ((now - last) / 1000) * state.speed;
    last = now;
    let at = state.at;
    let why = '';
    const stop = breakpointOf(state);
    for (; owed >= 1 && why === ''; owed--) {
      const next = step(f, at, state.unit, 1);
      if (next.call === at.call && next.insn === at.insn) why = 'end of the recording';
      const cut = f.cuts.find((call) => call > at.call && call <= next.call);
      const failed = findFailure(at.call, next.call);
      const line = lineHitBetween(state, at, next);
      const broke = stop ? findCall(stop.of, stop.test, at.call, 1, next.call) : -1;
      if (failed >= 0) {
        why = `${kindAt(trace, failed)} failed with ${errnoName(trace.result[failed] ?? 0)}`;
        at = { call: failed, insn: null };
      } else if (line && (broke < 0 || line.call <= broke)) {
        why = `line ${line.line}`;
        at = { call: line.call, insn: line.insn };
      } else if (broke >= 0) {
        why = state.find;
        at = { call: broke, insn: null };
      } else if (cut !== undefined && pausedIn !== trace) {
        pausedIn = trace;
        why = 'the walk stopped: the reader has what it asked for';
        at = { call: cut, insn: null };
      } else at = next;
    }
    if (at !== state.at) state.seek(at);
    if (why) state.pause(why);
    else requestAnimationFrame(frame);

    function findFailure(after: number, upTo: number): number {
      for (let call = after + 1; call <= upTo; call++) if ((trace?.result[call] ?? 0) < 0) return call;
      return -1;
    }
  };

  useStore.subscribe((state, before) => {
    if (!state.playing || before.playing) return;
    owed = 0;
    last = performance.now();
    const trace = traceOf(state);
    if (trace && state.at.call >= lastCall(foldTrace(trace))) return;
    requestAnimationFrame(frame);
  });
}
