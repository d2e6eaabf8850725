/** Changing the world: the engine tries a change, and what it can make joins the journal and is run again. */
import type { ScenarioChange } from '../../protocol/scenario.ts';
import { scenarioOf } from './attach.ts';
import type { Engine } from './engine.ts';
import { isStale } from './run.ts';
import { failureText } from './runner.ts';
import type { Runner } from './runner.ts';
import { useStore } from './store.ts';
import type { PageState } from './store.ts';

let engine: Engine | null = null;
let runner: Runner | null = null;

export function startWorldEdits(machine: Engine, runs: Runner): void {
  engine = machine;
  runner = runs;
  useStore.subscribe((state, before) => {
    // Another world has other tasks and files: what was done to the old one makes no sense there.
    if (state.world !== before.world && state.changes === before.changes && state.changes.length > 0)
      state.setChanges([]);
  });
}

/** The moment that a change is made at: the one on show, or before the first read where nothing is recorded. */
export function changeMoment(state: PageState): Readonly<Record<string, unknown>> {
  const trace = state.result?.sessions[state.session];
  if (!trace || trace.length === 0 || isStale(state)) return { read: 0, when: 'before' };
  return { session: trace.session, call: state.at.call, when: 'after' };
}

/** Records again and goes back to the moment that was on show, when there was a recording. */
async function runAgain(was: PageState): Promise<void> {
  if (!was.result) return;
  await runner?.run(false);
  useStore.getState().seek(was.at);
}

/**
 * Makes a change at the moment on show. A change that cannot be made leaves everything as it is.
 *
 * @param what the change without its moment
 */
export async function changeWorld(what: ScenarioChange): Promise<void> {
  const state = useStore.getState();
  if (!engine || state.changing || state.status !== 'idle') return;
  useStore.setState({ changing: true, changeError: '' });
  try {
    const change = { at: changeMoment(state), ...what };
    const answer = await engine.call('change', { scenario: scenarioOf(state), change });
    if (answer.scenario) useStore.getState().setChanges([...state.changes, { change, text: answer.text }]);
    else useStore.setState({ changeError: plain(answer.error) });
    useStore.setState({ changing: false });
    if (answer.scenario) await runAgain(state);
  } catch (error) {
    useStore.setState({ changing: false, changeError: failureText(error) });
  }
}

/** Takes one change out of the journal. */
export async function undoChange(index: number): Promise<void> {
  const state = useStore.getState();
  if (state.status !== 'idle') return;
  state.setChanges(state.changes.filter((_, i) => i !== index));
  await runAgain(state);
}

/** The engine says where in a file the mistake is; a form has no such places. */
const plain = (error: string): string =>
  error.replace(/^(?:.*: )?(?:world)?\.changes\[\d+\](?:\.(\w+))?:? /, (_, field?: string) =>
    field ? `${field}: ` : '',
  );
