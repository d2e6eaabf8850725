/**
 * The reader program on the page: its text, its last run, and the place of that run on show. Its reads are the
 * page's recording, like anyone's: going to a place goes to the moment there, and going to a moment to its place.
 *
 *     line 14   line 15 | start  show  next .. copy | line 16
 *                         ^ the page's moment          the last one before it
 */
import { create } from 'zustand';
import { lastCall, placeAt, placeCount, placeOfCall, placeOfLine } from '../../protocol/reader.ts';
import type { ReaderResult } from '../../protocol/reader.ts';
import type { Scenario } from '../../protocol/scenario.ts';
import { scenarioOf } from './attach.ts';
import { keep, kept } from './keep.ts';
import { nextStop } from '../trace/reader_places.ts';
import type { Runner } from './runner.ts';
import { traceOf } from './run.ts';
import { useStore } from './store.ts';

const KEY = 'reader';
export const READER_PATH = 'reader.c';

interface ReaderState {
  /** null: the user has not touched it, the text follows the program. */
  readonly text: string | null;
  /** What was run, and what came of it. */
  readonly ran: { readonly scenario: Scenario; readonly text: string; readonly result: ReaderResult } | null;
  /** On the timeline of lines and callbacks. */
  readonly place: number;
  setText: (text: string | null) => void;
  seek: (place: number) => void;
}

export const useReader = create<ReaderState>()((set, get) => ({
  text: kept(KEY),
  ran: null,
  place: 0,
  setText: (text) => {
    keep(KEY, text ?? '');
    set({ text: text === '' ? null : text });
  },
  seek: (place) => {
    const trace = get().ran?.result.trace;
    if (!trace) return;
    set({ place: Math.max(0, Math.min(place, placeCount(trace) - 1)) });
    showReader();
  },
}));

let runner: Runner | null = null;
/** The place leads, the moment follows. */
let leading = false;

/** Its trace, while its reads are the recording on show. */
const traceOnShow = () => {
  const { ran } = useReader.getState();
  return ran && ran.scenario === useStore.getState().ran ? ran.result.trace : null;
};

export function startReader(runs: Runner): void {
  runner = runs;
  useStore.subscribe((state, before) => {
    if (leading || (state.at.call === before.at.call && state.session === before.session)) return;
    const trace = traceOnShow();
    const session = traceOf(state)?.session;
    if (!trace || session === undefined) return;
    const place = placeOfCall(trace, session, state.at.call);
    if (place !== null) useReader.setState({ place });
  });
}

export const runReader = (text: string): void =>
  void runner?.run(false, {
    ...scenarioOf(useStore.getState()),
    reader: { path: READER_PATH, text },
  });

/** Goes on to the next line to pause at, or to the end. */
export function continueReader(): void {
  const trace = useReader.getState().ran?.result.trace;
  if (trace) useReader.getState().seek(Math.min(stopBehind(), placeCount(trace) - 1));
}

/** The next place at which the reader comes to a line to pause at; Infinity: none. */
function stopBehind(): number {
  const { ran, place, text } = useReader.getState();
  const { reader } = useStore.getState().lineBreaks;
  const trace = ran?.result.trace;
  const isOld = text !== null && text !== ran?.text;
  return !trace || isOld || reader.length === 0 ? Infinity : nextStop(trace, reader, place);
}

/** A line of the reader to pause at. */
interface ReaderStop {
  readonly place: number;
  /** The last callback before it. */
  readonly call: number;
  readonly why: string;
}

/** The next stop of the reader, while its reads are on show and it comes there between two callbacks. */
export function readerStopBetween(after: number, upTo: number, isLast: boolean): ReaderStop | null {
  const place = stopBehind();
  const trace = place === Infinity ? null : traceOnShow();
  const session = traceOf(useStore.getState())?.session;
  if (!trace || session === undefined) return null;
  const end = isLast ? Infinity : (placeOfCall(trace, session, upTo) ?? Infinity);
  const at = place < end ? placeAt(trace, place) : null;
  if (at?.kind !== 'line') return null;
  const before = lastCall(trace, place);
  return {
    place,
    call: before?.session === session ? before.call : after,
    why: `${READER_PATH} line ${trace.line[at.step]}`,
  };
}

/** What came of a run, whose reads are on show: it stands at its last line, and the page at what is there. */
export function readerRan(scenario: Scenario, result: ReaderResult): void {
  const { trace } = result;
  const place = trace && trace.length > 0 ? placeOfLine(trace, trace.length - 1) : 0;
  useReader.setState({ ran: { scenario, text: scenario.reader?.text ?? '', result }, place });
  showReader();
}

/** Shows the moment of the reader's place on the page: the callback there, or the last one before it. */
function showReader(): void {
  const trace = traceOnShow();
  const call = trace && lastCall(trace, useReader.getState().place);
  if (!call) return;
  const state = useStore.getState();
  const session = state.result?.sessions.findIndex((one) => one.session === call.session) ?? -1;
  if (session < 0) return;
  leading = true;
  state.pause();
  if (session !== state.session) state.setSession(session);
  useStore.getState().seek({ call: call.call, insn: null });
  leading = false;
}
