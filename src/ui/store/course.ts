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
  /** Callbacks at which the lists begin, from the first to the one on show: there are so many changes in each. */
  readonly courseFrom: readonly number[];
  /** Lists the values of a watched field, or no longer. */
  unfold: (field: WatchedField | null) => void;
  /** Lists the changes behind those on show, or those before them. */
  turnCourse: (by: 1 | -1) => void;
}

/** Changes of one list, behind the value that it begins with. */
export const COURSE_CHANGES = 400;

const FIRST: Pick<CourseSlice, 'course' | 'courseFrom'> = { course: null, courseFrom: [0] };

export const courseSlice: StateCreator<PageState, [], [], CourseSlice> = (set, get) => ({
  unfolded: null,
  ...FIRST,
  unfold: (field) => {
    if (get().unfolded !== field) set({ unfolded: field, ...FIRST });
  },
  turnCourse: (by) => {
    const { course, courseFrom } = get();
    const next = course?.at(-1)?.call ?? 0;
    set({ course: null, courseFrom: by > 0 ? [...courseFrom, next] : courseFrom.slice(0, -1) });
  },
});

export function startCourses(engine: Engine, runner: Runner): void {
  let asked = '';
  const ask = async (state: PageState): Promise<void> => {
    const { ran, result, unfolded, courseFrom } = state;
    const trace = traceOf(state);
    const from = courseFrom.at(-1) ?? 0;
    if (!unfolded || !trace || !ran || state.status !== 'idle') return;
    const { struct, addr, path } = unfolded;
    const question = `${trace.session} ${struct} ${addr} ${path} ${from}`;
    if (asked === question) return;
    asked = question;
    await runner.ensureLoaded(ran);
    const course = await engine.ask('course', { session: trace.session, struct, addr, path, from });
    const now = useStore.getState();
    if (now.result === result && now.unfolded === unfolded && now.courseFrom === courseFrom)
      useStore.setState({ course });
  };
  useStore.subscribe((state, before) => {
    const { unfolded, watched } = state;
    if (unfolded && watched !== before.watched && !watched.includes(unfolded)) return state.unfold(null);
    if (state.result !== before.result || state.session !== before.session || unfolded !== before.unfolded) {
      asked = '';
      if (state.course && unfolded === before.unfolded) useStore.setState(FIRST);
    } else if (state.status === before.status && state.courseFrom === before.courseFrom) return;
    ask(state).catch((error: unknown) => {
      asked = '';
      useStore.setState({ failure: `The values over the run could not be found: ${String(error)}` });
    });
  });
}
