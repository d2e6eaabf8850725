/** Run and Cancel, and the machine worker's memory of the last run. */
import { EngineFailure, Superseded } from '../../protocol/client.ts';
import type { Scenario } from '../../protocol/scenario.ts';
import { notFetched } from '../format/not_fetched.ts';
import { CANCEL_MS } from './engine.ts';
import type { Engine } from './engine.ts';
import { lessMotion } from './looks.ts';
import { readerRan } from './reader.ts';
import { record } from './recording.ts';
import { useStore } from './store.ts';
import { paramsProblem } from './target_params.ts';

export class Runner {
  private readonly engine: Engine;
  /** Run that the worker can answer questions about, and the worker's generation then. */
  private loaded: { readonly scenario: Scenario; readonly generation: number } | null = null;
  private cancelTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(engine: Engine) {
    this.engine = engine;
  }

  /**
   * Records a run and plays it.
   *
   * @param given what is run; by default, what the editor and the attach bar say
   */
  async run(thenPlay: boolean, given?: Scenario): Promise<void> {
    const state = useStore.getState();
    if (state.status !== 'idle' || (!given && paramsProblem(state))) return;
    const scenario = state.runStarted(given);
    this.engine.newRun((calls, reads) => useStore.getState().runProgress(calls, reads));
    this.loaded = null;
    try {
      const { result, reader } = await record(this.engine, scenario, state);
      // A reader that read nothing leaves the recording on show.
      if (reader && result.sessions.length === 0) state.runEnded('');
      else {
        this.adopt(scenario);
        useStore.getState().runDone(scenario, result);
      }
      if (reader) return readerRan(scenario, reader);
      if (thenPlay && !lessMotion(useStore.getState())) useStore.getState().play();
    } catch (error) {
      useStore.getState().runEnded(failureText(error));
    } finally {
      this.answered();
    }
  }

  /** Asks the run to end; a worker that does not answer in time is replaced. */
  cancel(): void {
    if (useStore.getState().status !== 'running') return;
    useStore.getState().runCancelling();
    this.engine.cancel();
    this.cancelTimer = setTimeout(
      () => this.engine.rebuild('The run was cancelled; the engine did not answer and was started again.'),
      CANCEL_MS,
    );
  }

  /** What was asked to end has ended. */
  answered(): void {
    clearTimeout(this.cancelTimer);
  }

  /** The worker has recorded this: its moments are those of this scenario. */
  adopt(scenario: Scenario): void {
    this.loaded = { scenario, generation: this.engine.generation };
  }

  /** Makes sure that the worker knows the run on show: after a rebuild it is run again from the scenario. */
  async ensureLoaded(scenario: Scenario): Promise<void> {
    const { loaded, engine } = this;
    if (loaded?.scenario === scenario && loaded.generation === engine.generation) return;
    engine.newRun();
    await record(engine, scenario, useStore.getState());
    this.loaded = { scenario, generation: engine.generation };
  }
}

export function failureText(error: unknown): string {
  if (error instanceof Superseded) return error.message;
  if (error instanceof EngineFailure)
    return (
      notFetched('A part of the engine', error.message) ||
      `A defect of Iterscope, not of your program. What reproduces it is this program with these parameters.\n${error.message}`
    );
  throw error;
}
