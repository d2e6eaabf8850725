/** Play: steps by the unit at the chosen speed, and pauses where something happens. */
import { foldTrace } from '../trace/fold.ts';
import { lastCall, step } from '../trace/units.ts';
import { traceOf } from './run.ts';
import { useStore } from './store.ts';
import { breakpointOf } from './breakpoint.ts';
import { asFrame } from './frame.ts';
import { askHits, knowsHits } from './line_breaks.ts';
import { CUT, stopBetween } from './stops.ts';
import type { Stop } from './stops.ts';

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
    let { at } = state;
    let stop: Stop | null = null;
    const condition = breakpointOf(state);
    for (; owed >= 1 && stop === null; owed--) {
      const next = step(f, at, state.unit, 1);
      if (!knowsHits(state, at.call, next.call)) {
        // Playing goes on when the answer is there.
        askHits(at.call);
        owed = 0;
        break;
      }
      const isLast = next.call === at.call && next.insn === at.insn;
      stop = stopBetween(state, at, next, { condition, atCuts: pausedIn !== trace, isLast });
      if (stop?.why === CUT) pausedIn = trace;
      if (stop === null && isLast) stop = { at, why: 'end of the recording', rank: 0 };
      at = stop?.at ?? next;
    }
    if (stop?.go) stop.go();
    else if (at !== state.at) state.seek(at);
    if (stop) state.pause(stop.why);
    else asFrame(frame);
  };

  useStore.subscribe((state, before) => {
    if (!state.playing || before.playing) return;
    owed = 0;
    last = performance.now();
    const trace = traceOf(state);
    if (trace && state.at.call >= lastCall(foldTrace(trace))) return;
    asFrame(frame);
  });
}
