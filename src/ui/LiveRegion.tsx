import { useEffect, useState } from 'react';
import { traceOf } from './store/run.ts';
import { useStore } from './store/store.ts';
import { describeMoment } from './trace/describe.ts';
import { foldTrace } from './trace/fold.ts';
import { namesOf } from './trace/names.ts';

/** While playing, a sentence at most this often. */
const PLAYING_MS = 5000;

/** Speaks the moment: after each step or pause, and now and then while playing. */
export function LiveRegion() {
  const [text, setText] = useState('');
  useEffect(() => {
    let spoken = 0;
    return useStore.subscribe((state, before) => {
      if (state.at === before.at && state.playing === before.playing && state.result === before.result)
        return;
      const trace = traceOf(state);
      if (!trace || trace.length === 0) return;
      const now = performance.now();
      if (state.spoken === 'nothing' || (state.playing && now - spoken < PLAYING_MS)) return;
      const { call } = state.at;
      const ended = call === trace.reads[trace.read[call] ?? 0]?.lastCall;
      if (state.spoken === 'reads' && !ended) return;
      spoken = now;
      setText(describeMoment(foldTrace(trace), namesOf(state.result?.scene ?? null), state.at));
    });
  }, []);
  return (
    <div className="sr" role="status" aria-live="polite" data-testid="moment">
      {text}
    </div>
  );
}
