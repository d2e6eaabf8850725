/** The values of a watched field over the whole session: asked of the engine for the one that is unfolded. */
import type { StateCreator } from 'zustand';
import type { FieldChange } from '../../protocol/peek.ts';
import type { Engine } from './engine.ts';
import type { WatchedField } from './machine.ts';
import { traceOf } from './run.ts';
import type { Runner } from './runner.ts';
import { useStore } from './store.ts';
import type { PageState } from './store.ts';

export interface CourseSlice {
  /** The watched field whose values are listed. */
  readonly unfolded: WatchedField | null;
  /** Its changes in order; null: not known yet. */
  readonly course: readonly FieldChange[] | null;
  /** Lists the values of a watched field, or no longer. */
  unfold: (field: WatchedField | null) => void;
}

export const courseSlice: StateCreator<PageState, [], [], CourseSlice> = (set, get) => ({
  unfolded: null,
  course: null,
  unfold: (field) => {
    if (get().unfolded !== field) set({ unfolded: field, course: null });
  },
});

export function startCourses(engine: Engine, runner: Runner): void {
  let asked = '';
  const ask = async (state: PageState): Promise<void> => {
    const { ran, result, unfolded } = state;
    const trace = traceOf(state);
    if (!unfolded || !trace || !ran || state.status !== 'idle') return;
    const { struct, addr, path } = unfolded;
    const question = `${trace.session} ${struct} ${addr} ${path}`;
    if (asked === question) return;
    asked = question;
    await runner.ensureLoaded(ran);
    const course = await engine.ask('course', { session: trace.session, struct, addr, path });
    const now = useStore.getState();
    if (now.result === result && now.unfolded === unfolded) useStore.setState({ course });
  };
  useStore.subscribe((state, before) => {
    const { unfolded, watched } = state;
    if (unfolded && watched !== before.watched && !watched.includes(unfolded)) return state.unfold(null);
    if (state.result !== before.result || state.session !== before.session || unfolded !== before.unfolded) {
      asked = '';
      if (state.course && unfolded === before.unfolded) useStore.setState({ course: null });
    } else if (state.status === before.status) return;
    ask(state).catch((error: unknown) => {
      asked = '';
      useStore.setState({ failure: `The values over the run could not be found: ${String(error)}` });
    });
  });
}
