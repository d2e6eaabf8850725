/** Runs: one at a time, recorded in the machine worker, kept until the next one replaces it. */
import type { StateCreator } from 'zustand';
import type { RunResult } from '../../protocol/api.ts';
import type { SceneColumns } from '../../protocol/scene_columns.ts';
import type { Scenario } from '../../protocol/scenario.ts';
import type { SessionTrace } from '../../protocol/trace.ts';
import { Picture } from '../trace/picture.ts';
import { scenarioOf } from './attach.ts';
import type { PageState } from './store.ts';
import { paramsOf, sameParams } from './target_params.ts';
import { sameWorld } from './world.ts';

export type RunStatus = 'idle' | 'running' | 'cancelling';

/** A run with what is seen of the session on show, its picture opened. */
export type PageRun = RunResult & { readonly scene: Picture | null; readonly ctx: bigint };

const opened = new WeakMap<SceneColumns, Picture>();
function pictureOf(scene: SceneColumns): Picture {
  let picture = opened.get(scene);
  if (!picture) opened.set(scene, (picture = new Picture(scene)));
  return picture;
}

/** @param session its place in the run's sessions */
export function ofSession(result: RunResult, session: number): PageRun {
  const { scene = null, ctx = 0n } = result.views[session] ?? {};
  return { ...result, scene: scene && pictureOf(scene), ctx };
}

export interface RunSlice {
  readonly status: RunStatus;
  readonly progress: { readonly calls: number; readonly reads: number };
  readonly result: PageRun | null;
  /** What `result` was made from. */
  readonly ran: Scenario | null;
  /** Our bug, or the worker's death, in words; ''. */
  readonly failure: string;
  /** The result of the kept run is compared with the current one. */
  readonly kept: { readonly scenario: Scenario; readonly result: PageRun } | null;
  /** @param scenario what is run; by default, what the page says */
  runStarted: (scenario?: Scenario) => Scenario;
  runProgress: (calls: number, reads: number) => void;
  runDone: (scenario: Scenario, result: RunResult) => void;
  runEnded: (failure: string) => void;
  runCancelling: () => void;
  clearRun: () => void;
  dismissFailure: () => void;
  keepRun: () => void;
  dropKept: () => void;
}

export const runSlice: StateCreator<PageState, [], [], RunSlice> = (set, get) => ({
  status: 'idle',
  progress: { calls: 0, reads: 0 },
  result: null,
  ran: null,
  failure: '',
  kept: null,
  runStarted: (scenario = scenarioOf(get())) => {
    get().pause();
    set({ status: 'running', progress: { calls: 0, reads: 0 }, failure: '' });
    return scenario;
  },
  runProgress: (calls, reads) => set({ progress: { calls, reads } }),
  runDone: (scenario, answer) => {
    const result = ofSession(answer, 0);
    set({
      status: 'idle',
      result,
      ran: scenario,
      session: 0,
      at: { call: 0, insn: null },
      selected: null,
      paused: '',
      pane: result.sessions.length > 0 && get().pane === 'code' ? 'graph' : get().pane,
      ...(result.report.stage === 'done' || result.report.stage === 'read' || result.cancelled
        ? {}
        : { dockTab: result.report.verdict?.accepted === false ? 'verifier' : get().dockTab }),
    });
  },
  runEnded: (failure) => set({ status: 'idle', failure }),
  runCancelling: () => set({ status: 'cancelling' }),
  clearRun: () => {
    get().pause();
    set({ result: null, ran: null, at: { call: 0, insn: null }, selected: null });
  },
  dismissFailure: () => set({ failure: '' }),
  keepRun: () => {
    const { result, ran } = get();
    if (result && ran) set({ kept: { result, scenario: ran }, dockTab: 'compare' });
  },
  dropKept: () => set({ kept: null }),
});

/** The session on show, or null. */
export const traceOf = (state: PageState): SessionTrace | null =>
  state.result?.sessions[state.session] ?? null;

/** Text or parameters differ from what was run. A program that the run chose itself is no difference. */
export function isStale(state: PageState): boolean {
  const { ran, result } = state;
  if (!ran || !result) return false;
  const prog = ran.options.prog ?? result.program?.name ?? state.prog;
  return (
    !sameWorld(ran, state) ||
    ran.options.readSize !== state.readSize ||
    (state.prog !== null && prog !== state.prog) ||
    !sameParams(ran.options, paramsOf(state))
  );
}
