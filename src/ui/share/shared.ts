/** What the page would share now, and how it takes over what was shared. */
import { idleRun, replay } from '../store/page.ts';
import { adopted } from '../store/adopt.ts';
import { scenarioOf } from '../store/attach.ts';
import { momentOf } from '../store/cursor.ts';
import { useReader } from '../store/reader.ts';
import { isStale } from '../store/run.ts';
import { typedBefore } from '../store/shell.ts';
import { useStore } from '../store/store.ts';
import type { PageState } from '../store/store.ts';
import { showTheme } from '../store/view.ts';
import type { Shared } from './link.ts';

/** The run on show with its moment; after an edit, what Run would run, without a moment. */
export function sharedOf(state: PageState): Shared {
  const current = state.ran !== null && !isStale(state);
  return {
    scenario: current && state.ran ? state.ran : scenarioOf(state),
    view: {
      ...(state.graphView === 'graph' ? {} : { view: state.graphView }),
      ...(state.unit === 'object' ? {} : { unit: state.unit }),
      ...(state.theme === 'system' ? {} : { theme: state.theme }),
    },
    moment: current ? momentOf(state) : null,
  };
}

/** Shows what a link says: the program, a recording of it, and the moment. */
export async function show(shared: Shared): Promise<void> {
  await idleRun();
  const { scenario, view, moment } = shared;
  const before = useStore.getState();
  const fields = adopted(scenario, before);
  const other = fields.text !== before.text || fields.path !== before.path || fields.world !== before.world;
  useStore.setState({
    ...fields,
    moduleShown: false,
    graphView: view.view ?? 'graph',
    unit: view.unit ?? 'object',
    ...(other ? { check: null } : {}),
    ...(view.theme ? { theme: view.theme } : {}),
  });
  if (view.theme) showTheme(view.theme);
  if (scenario.shell) typedBefore(scenario.shell);
  // What is written there stays kept: this is only shown.
  if (scenario.reader) useReader.setState({ text: scenario.reader.text });
  await replay(scenario);
  if (!moment) return;
  const state = useStore.getState();
  const session = state.result?.sessions.findIndex((one) => one.session === moment.session) ?? -1;
  if (session < 0) return;
  if (session !== state.session) state.setSession(session);
  state.seek({ call: moment.call, insn: moment.insn ?? null });
}
