/** The program: its text, and what the compiler and the verifier say of it while it is typed. */
import type { StateCreator } from 'zustand';
import type { CheckResult } from '../../protocol/api.ts';
import type { Diagnostic } from '../../protocol/diagnostics.ts';
import type { Example } from './deps.ts';
import { keepProgram } from './keep.ts';
import { NO_LINE_BREAKS } from './line_breaks.ts';
import { NOTHING_YET } from './attachable.ts';
import type { Attachable } from './attachable.ts';
import type { PageState } from './store.ts';

export interface ProgramSlice {
  readonly path: string;
  readonly text: string;
  readonly check: CheckResult | null;
  readonly checking: boolean;
  /** What the text had to attach when it last compiled. */
  readonly compiled: Attachable;
  readonly caret: { readonly line: number; readonly column: number };
  /** The editor has the keyboard. */
  readonly editing: boolean;
  /** Where the editor should go, with a count so that the same place can be asked for twice. */
  readonly reveal: { readonly line: number; readonly column: number; readonly times: number } | null;
  setText: (text: string) => void;
  openExample: (path: string) => Promise<void>;
  setCheck: (check: CheckResult | null, checking: boolean) => void;
  revealLine: (line: number, column?: number) => void;
}

/** An example brings its world; one that needs none gives the world of the example before back. */
function takeWorld(state: PageState, { world }: Example): void {
  const before = state.examples.find(({ path }) => path === state.path)?.world;
  if (world !== undefined) state.setAttach({ world });
  else if (before === state.world) state.setAttach({ world: state.worlds[0] ?? before });
}

export const programSlice: StateCreator<PageState, [], [], ProgramSlice> = (set, get) => ({
  path: '',
  text: '',
  check: null,
  checking: false,
  compiled: NOTHING_YET,
  caret: { line: 1, column: 1 },
  editing: false,
  reveal: null,
  setText: (text) => {
    if (text === get().text) return;
    keepProgram({ path: get().path, text });
    set({ text, ...(get().object ? { object: null, prog: null } : {}) });
  },
  openExample: async (path) => {
    const found = get().examples.find((one) => one.path === path);
    if (!found) return;
    const example = found.load ? { path, ...(await found.load()) } : found;
    const { text, module = null } = example;
    keepProgram({ path, text });
    get().pause();
    takeWorld(get(), example);
    if (module?.text !== get().module?.text) get().setModule(module);
    if (path === get().path && text === get().text && !get().object) return;
    const examples = get().examples.map((one) => (one.path === path ? example : one));
    set({ examples, path, text, lineBreaks: NO_LINE_BREAKS, check: null, prog: null, object: null });
  },
  setCheck: (check, checking) => {
    const programs = check?.programs ?? [];
    const { prog, check: before, compiled } = get();
    set({
      check: check ?? before,
      checking,
      compiled: check && programs.length > 0 ? check : before ? compiled : NOTHING_YET,
      ...(programs.length > 0 && !programs.some((p) => p.name === prog)
        ? { prog: programs.find((p) => p.target !== '')?.name ?? programs[0]?.name ?? null }
        : {}),
    });
  },
  revealLine: (line, column = 1) => {
    set({ reveal: { line, column, times: (get().reveal?.times ?? 0) + 1 } });
  },
});

const NO_DIAGNOSTICS: readonly Diagnostic[] = [];
/** Findings about the text in the editor. */
export const diagnosticsOf = (state: PageState): readonly Diagnostic[] =>
  state.check?.diagnostics ?? NO_DIAGNOSTICS;
