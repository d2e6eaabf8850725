/** Starts the page's moving parts around the store and gives the commands that need a worker. */
import { EngineFailure, Superseded } from '../../protocol/client.ts';
import type { Scenario } from '../../protocol/scenario.ts';
import { startChecker } from './checker.ts';
import type { PageDeps } from './deps.ts';
import { Engine } from './engine.ts';
import { keptProgram } from './keep.ts';
import { startLanguage } from './language.ts';
import { keptModule } from './module.ts';
import { startCourses } from './course.ts';
import { startLineBreaks } from './line_breaks.ts';
import { startLooker } from './looker.ts';
import { startPlayer } from './player.ts';
import { Runner } from './runner.ts';
import { traceOf } from './run.ts';
import { showLooks } from './looks.ts';
import { showTheme } from './view.ts';
import { useStore } from './store.ts';
import { startBringing } from './bring.ts';
import { startPreparing } from './prepare.ts';
import { startReader } from './reader.ts';
import { startFrames } from './reader_frames.ts';
import { startShell } from './shell.ts';
import { startWorldEdits } from './world_edit.ts';

let runner: Runner | null = null;

/** Records and plays. */
export const run = (): void => void runner?.run(true);
/** Records and stays at the first event. */
export const record = async (): Promise<void> => runner?.run(false);
/** Records a scenario that came from elsewhere, and stays at the first event. */
export const replay = async (scenario: Scenario): Promise<void> => runner?.run(false, scenario);
export const cancel = (): void => runner?.cancel();
/** Ends the run under way, if there is one. @returns when there is none any more */
export function idleRun(): Promise<void> {
  cancel();
  return new Promise((resolve) => {
    if (useStore.getState().status === 'idle') return resolve();
    const leave = useStore.subscribe(({ status }) => {
      if (status !== 'idle') return;
      leave();
      resolve();
    });
  });
}

/** @param text what stands in the first paint's textarea, with the edits made so far */
export function startPage(deps: PageDeps, text: string): void {
  const state = useStore.getState();
  const path = keptProgram()?.path ?? deps.examples[0]?.path ?? 'program.bpf.c';
  useStore.setState({
    examples: deps.examples,
    worlds: deps.worlds,
    world: deps.worlds[0] ?? '',
    path,
    text,
    module: keptModule(),
  });
  showTheme(state.theme);
  showLooks(state);
  const died = (reason: string): void => useStore.setState({ failure: reason });
  const machine = new Engine('machine', deps.spawn, died);
  const language = new Engine('language', deps.spawn, died);
  runner = new Runner(machine);
  startChecker(language);
  startLanguage(language);
  startPlayer();
  startLooker(machine, runner);
  startLineBreaks(machine, runner);
  startCourses(machine, runner);
  startWorldEdits(machine, runner);
  startBringing(machine);
  startReader(runner);
  startFrames(machine, runner);
  startPreparing(machine, language);
  startShell(machine, runner);
  startPseudo(language);
  startSummaries(language);
}

/** Asks for the algorithm of the target on show. */
function startPseudo(engine: Engine): void {
  let asked: Scenario | null = null;
  useStore.subscribe((state) => {
    const target = traceOf(state)?.target;
    const { ran } = state;
    if (!target || !ran || (state.pseudo?.target === target && asked?.module === ran.module)) return;
    asked = ran;
    state.setPseudo(target, []);
    engine.call('pseudoCode', { target, scenario: ran }).then(
      (code) => useStore.getState().setPseudo(target, code),
      () => useStore.setState({ pseudo: null }),
    );
  });
}

/** Asks what is in the world that is chosen, once for each. */
function startSummaries(engine: Engine): void {
  const asked = new Set<string>();
  const ask = (name: string): void => {
    if (name === '' || asked.has(name)) return;
    asked.add(name);
    const text = useStore.getState().brought[name];
    engine.call('world', { world: text === undefined ? { name } : { name, text } }).then(
      (summary) => useStore.getState().addSummary(summary),
      (error: unknown) => {
        asked.delete(name);
        if (error instanceof EngineFailure) useStore.setState({ failure: error.message });
        else if (error instanceof Superseded) setTimeout(() => ask(useStore.getState().world), 500);
      },
    );
  };
  useStore.subscribe((state) => ask(state.world));
  ask(useStore.getState().world);
}
