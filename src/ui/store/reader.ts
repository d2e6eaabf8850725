/** The reader program on the page: its text, its last run, and the place of that run on show. */
import { create } from 'zustand';
import { EngineFailure } from '../../protocol/client.ts';
import { placeCount, placeOfLine } from '../../protocol/reader.ts';
import type { ReaderResult } from '../../protocol/reader.ts';
import { scenarioOf } from './attach.ts';
import type { PageDeps } from './deps.ts';
import { Engine } from './engine.ts';
import { keep, kept } from './keep.ts';
import { useStore } from './store.ts';

const KEY = 'reader';
export const READER_PATH = 'reader.c';

interface ReaderState {
  /** null: the user has not touched it, the text follows the program. */
  readonly text: string | null;
  readonly running: boolean;
  readonly failure: string;
  /** What was run, and what came of it. */
  readonly ran: { readonly text: string; readonly result: ReaderResult } | null;
  /** On the timeline of lines and callbacks. */
  readonly place: number;
  setText: (text: string | null) => void;
  seek: (place: number) => void;
}

export const useReader = create<ReaderState>()((set, get) => ({
  text: kept(KEY),
  running: false,
  failure: '',
  ran: null,
  place: 0,
  setText: (text) => {
    keep(KEY, text ?? '');
    set({ text: text === '' ? null : text });
  },
  seek: (place) => {
    const trace = get().ran?.result.trace;
    if (trace) set({ place: Math.max(0, Math.min(place, placeCount(trace) - 1)) });
  },
}));

let spawn: PageDeps['spawn'] | null = null;
/** It has a machine of its own: the moments of the page's run stay with the other. */
let engine: Engine | null = null;

export const startReader = (deps: PageDeps): void => {
  spawn = deps.spawn;
};

const failed = (reason: string): void => useReader.setState({ failure: reason, running: false });

export async function runReader(text: string): Promise<void> {
  if (!spawn) return;
  engine ??= new Engine('machine', spawn, failed);
  useReader.setState({ running: true, failure: '' });
  engine.newRun();
  try {
    const result = await engine.call('exec', {
      scenario: scenarioOf(useStore.getState()),
      reader: { path: READER_PATH, text },
    });
    const { trace } = result;
    const last = trace && trace.length > 0 ? placeOfLine(trace, trace.length - 1) : 0;
    useReader.setState({ ran: { text, result }, place: last, running: false });
  } catch (error) {
    failed(error instanceof EngineFailure ? error.message : String(error));
  }
}

export function cancelReader(): void {
  engine?.cancel();
}
