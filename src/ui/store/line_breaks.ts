/**
 * Breakpoints on lines of the program. Which calls of a recording come to such a line is asked of the engine, once
 * for each run and set of lines; playing pauses there.
 */
import type { StateCreator } from 'zustand';
import type { LineReached } from '../../protocol/api.ts';
import type { Engine } from './engine.ts';
import { isStale, traceOf } from './run.ts';
import type { Runner } from './runner.ts';
import { useStore } from './store.ts';
import type { PageState } from './store.ts';

export interface LineBreakSlice {
  /** Lines from 1, in order. */
  readonly lineBreaks: readonly number[];
  /** Where the session on show comes to one of them, in order; null: not known yet. */
  readonly lineHits: readonly LineReached[] | null;
  toggleLineBreak: (line: number) => void;
  setLineBreaks: (lines: readonly number[]) => void;
}

export const lineBreakSlice: StateCreator<PageState, [], [], LineBreakSlice> = (set, get) => ({
  lineBreaks: [],
  lineHits: null,
  toggleLineBreak: (line) => {
    const others = get().lineBreaks.filter((one) => one !== line);
    get().setLineBreaks(others.length < get().lineBreaks.length ? others : [...others, line]);
  },
  setLineBreaks: (lines) => {
    const next = [...new Set(lines)].sort((a, b) => a - b);
    if (next.join() !== get().lineBreaks.join()) set({ lineBreaks: next, lineHits: null });
  },
});

/** The first line to pause at behind a place, and no later than another; null: none. */
export function lineHitBetween(
  { lineHits }: PageState,
  after: { readonly call: number; readonly insn: number | null },
  upTo: { readonly call: number; readonly insn: number | null },
): LineReached | null {
  const isBehind = (hit: LineReached): boolean =>
    hit.call > after.call || (hit.call === after.call && after.insn !== null && hit.insn > after.insn);
  const found = lineHits?.find(isBehind);
  const isReached =
    found && (found.call < upTo.call || (found.call === upTo.call && found.insn <= (upTo.insn ?? Infinity)));
  return isReached ? found : null;
}

export function startLineBreaks(engine: Engine, runner: Runner): void {
  let asked = '';
  const ask = async (state: PageState): Promise<void> => {
    const trace = traceOf(state);
    const { ran, result, lineBreaks } = state;
    if (!trace || !ran || lineBreaks.length === 0 || isStale(state) || state.status !== 'idle') {
      asked = '';
      return;
    }
    const question = `${result?.sessions.indexOf(trace)} ${lineBreaks.join()}`;
    if (asked === question) return;
    asked = question;
    await runner.ensureLoaded(ran);
    const hits = await engine.ask('reaches', { session: trace.session, lines: lineBreaks });
    const now = useStore.getState();
    if (now.result === result && now.lineBreaks === lineBreaks) useStore.setState({ lineHits: hits });
  };
  useStore.subscribe((state, before) => {
    if (state.result !== before.result || state.session !== before.session) {
      asked = '';
      if (state.lineHits) useStore.setState({ lineHits: null });
    }
    if (
      state.lineBreaks !== before.lineBreaks ||
      state.result !== before.result ||
      state.session !== before.session ||
      state.status !== before.status
    )
      ask(state).catch((error: unknown) => {
        asked = '';
        useStore.setState({ failure: `The lines to pause at could not be found: ${String(error)}` });
      });
  });
}
