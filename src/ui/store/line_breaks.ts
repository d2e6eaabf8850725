/**
 * Breakpoints on lines, and where playing pauses for them. Which calls come to a line of the program is asked of
 * the engine, for so many callbacks at a time; kernel code's lines are in the trace, a reader's in its own.
 *
 *     known:  from [ . . hit . . . hit . ) until     playing waits at the end until the next part is known
 */
import type { StateCreator } from 'zustand';
import type { LineReached, LinesReached } from '../../protocol/api.ts';
import { ownLineRows, rowAfter } from '../trace/kernel_lines.ts';
import type { Position } from '../trace/units.ts';
import type { Engine } from './engine.ts';
import { isStale, traceOf } from './run.ts';
import type { Runner } from './runner.ts';
import { useStore } from './store.ts';
import type { PageState } from './store.ts';

/** What has lines to pause at. */
export type BrokenFile = 'program' | 'module' | 'reader';
export type LineBreaks = Readonly<Record<BrokenFile, readonly number[]>>;
export const NO_LINE_BREAKS: LineBreaks = { program: [], module: [], reader: [] };

/** Where the session on show comes to a line of the program, as far as it is known. */
interface KnownHits extends LinesReached {
  readonly from: number;
}

export interface LineBreakSlice {
  /** Lines from 1, in order. */
  readonly lineBreaks: LineBreaks;
  readonly lineHits: KnownHits | null;
  /** A line of kernel code, as a row of the trace's lines, while the moment it was gone to is on show. */
  readonly kernelRow: { readonly at: Position; readonly row: number } | null;
  toggleLineBreak: (file: BrokenFile, line: number) => void;
  setLineBreaks: (file: BrokenFile, lines: readonly number[]) => void;
  /** Goes to a line that kernel code comes to in a call. */
  seekKernelRow: (row: number) => void;
}

export const lineBreakSlice: StateCreator<PageState, [], [], LineBreakSlice> = (set, get) => ({
  lineBreaks: NO_LINE_BREAKS,
  lineHits: null,
  kernelRow: null,
  toggleLineBreak: (file, line) => {
    const all = get().lineBreaks[file];
    const others = all.filter((one) => one !== line);
    get().setLineBreaks(file, others.length < all.length ? others : [...others, line]);
  },
  setLineBreaks: (file, lines) => {
    const { lineBreaks } = get();
    const next = [...new Set(lines)].sort((a, b) => a - b);
    if (next.join() === lineBreaks[file].join()) return;
    set({ lineBreaks: { ...lineBreaks, [file]: next }, ...(file === 'program' && { lineHits: null }) });
  },
  seekKernelRow: (row) => {
    const call = traceOf(get())?.lines.call[row];
    if (call === undefined) return;
    get().seek({ call, insn: null });
    set({ kernelRow: { at: get().at, row } });
  },
});

/** Lines of the program to pause at, while the program on show is the one that ran. */
const programBreaks = (state: PageState): readonly number[] =>
  traceOf(state) && state.ran && !isStale(state) ? state.lineBreaks.program : [];

/** Whether it is known where lines of the program are come to between two calls. */
export function knowsHits(state: PageState, after: number, upTo: number): boolean {
  const { lineHits } = state;
  if (programBreaks(state).length === 0) return true;
  return lineHits !== null && lineHits.from <= after && upTo < lineHits.until;
}

/** The first line to pause at behind a place, and no later than another; null: none. */
export function lineHitBetween(
  { lineHits, kernelRow }: PageState,
  after: Position,
  upTo: Position,
): LineReached | null {
  // From a line of kernel code the program of its call is still to come.
  const insn = kernelRow?.at === after ? -1 : (after.insn ?? Infinity);
  const isBehind = (hit: LineReached): boolean =>
    hit.call > after.call || (hit.call === after.call && hit.insn > insn);
  const found = lineHits?.places.find(isBehind);
  const isReached =
    found && (found.call < upTo.call || (found.call === upTo.call && found.insn <= (upTo.insn ?? Infinity)));
  return isReached ? found : null;
}

/** A row of the trace's lines at which kernel code comes to a line to pause at, behind a moment; -1: none. */
export function kernelHitBetween(state: PageState, after: Position, upTo: number): number {
  const trace = traceOf(state);
  const { kernelRow, lineBreaks, module, ran } = state;
  if (!trace || lineBreaks.module.length === 0 || ran?.module?.text !== module?.text) return -1;
  const isThere = kernelRow?.at === after;
  const first = isThere ? kernelRow.row + 1 : rowAfter(trace, after.call);
  return ownLineRows(trace, lineBreaks.module, first, rowAfter(trace, upTo)).next().value ?? -1;
}

let ask: (from: number) => void = () => undefined;
/** Asks where lines of the program are come to, from a call on. */
export const askHits = (from: number): void => ask(from);

export function startLineBreaks(engine: Engine, runner: Runner): void {
  let asked = '';
  const answer = async (state: PageState, from: number): Promise<void> => {
    const trace = traceOf(state);
    const { ran, result } = state;
    const lines = programBreaks(state);
    if (!trace || !ran || lines.length === 0 || state.status !== 'idle') {
      asked = '';
      return;
    }
    const question = `${result?.sessions.indexOf(trace)} ${lines.join()} ${from}`;
    if (asked === question) return;
    asked = question;
    await runner.ensureLoaded(ran);
    const hits = await engine.ask('reaches', { session: trace.session, lines, from });
    const now = useStore.getState();
    if (now.result === result && now.lineBreaks.program === lines)
      useStore.setState({ lineHits: { from, ...hits } });
  };
  ask = (from) => {
    answer(useStore.getState(), from).catch((error: unknown) =>
      useStore.setState({
        failure: `The lines to pause at could not be found: ${String(error)}`,
        lineHits: { from: 0, until: Infinity, places: [] },
      }),
    );
  };
  useStore.subscribe((state, before) => {
    const isOther = state.result !== before.result || state.session !== before.session;
    if (isOther) {
      asked = '';
      if (state.lineHits) useStore.setState({ lineHits: null });
    }
    if (isOther || state.lineBreaks.program !== before.lineBreaks.program || state.status !== before.status)
      ask(state.at.call);
  });
}
