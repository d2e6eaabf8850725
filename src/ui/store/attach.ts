/** The attach bar: which program, which tasks, how much a read asks for, and in which world. */
import type { StateCreator } from 'zustand';
import type { WorldSummary } from '../../protocol/api.ts';
import type { AttachParams, Scenario } from '../../protocol/scenario.ts';
import { kept } from './keep.ts';
import type { PageState } from './store.ts';
import { paramsOf } from './target_params.ts';
import type { CgroupOrder } from './target_params.ts';
import { broughtTo, setOf } from './world.ts';

export const TASK_FILTERS = ['all', 'tid', 'pid', 'pidfd'] as const;
export type TaskFilter = (typeof TASK_FILTERS)[number];

/** Sizes offered for read(2), in bytes. */
export const READ_SIZES = [64, 256, 1024, 4096, 16384, 65536] as const;

export interface AttachSlice {
  /** Program of the object that is attached; null: the first iterator. */
  readonly prog: string | null;
  readonly filter: TaskFilter;
  /** As typed. */
  readonly filterId: string;
  readonly readSize: number;
  /** Map whose elements are walked; '': the first. */
  readonly map: string;
  /** Elements to put into it before, as typed. */
  readonly fill: string;
  /** Path or id of the cgroup to start from, as typed; '': the root. */
  readonly cgroup: string;
  readonly order: CgroupOrder;
  readonly world: string;
  readonly summaries: Readonly<Record<string, WorldSummary>>;
  setAttach: (patch: Partial<Omit<AttachSlice, 'summaries' | 'setAttach' | 'addSummary'>>) => void;
  addSummary: (summary: WorldSummary) => void;
}

/** What the settings say of a new page. */
const keptReadSize = (): number => {
  const size = Number(kept('read-size'));
  return READ_SIZES.find((one) => one === size) ?? 4096;
};

export const attachSlice: StateCreator<PageState, [], [], AttachSlice> = (set, get) => ({
  prog: null,
  filter: 'all',
  filterId: '',
  readSize: keptReadSize(),
  map: '',
  fill: '8',
  cgroup: '',
  order: 'pre',
  world: '',
  summaries: {},
  setAttach: (patch) => set(patch),
  addSummary: (summary) => {
    set({ summaries: { ...get().summaries, [summary.name]: summary } });
  },
});

/** What is wrong with the number beside the filter; ''. */
export function filterProblem({ filter, filterId }: Pick<AttachSlice, 'filter' | 'filterId'>): string {
  if (filter === 'all') return '';
  if (!/^\d{1,9}$/.test(filterId.trim())) return `${filter} needs the number of a task`;
  return '';
}

/** A filter with a problem is left out; the page does not run then. */
export const attachOf = (state: Pick<AttachSlice, 'filter' | 'filterId'>): AttachParams =>
  state.filter === 'all' || filterProblem(state) ? {} : { [state.filter]: Number(state.filterId) };

/** Everything that Run needs. */
export function scenarioOf(state: PageState): Scenario {
  return {
    ...broughtTo(state),
    options: {
      ...(state.prog === null ? {} : { prog: state.prog }),
      ...paramsOf(state),
      ...(setOf(state).length > 0 ? { set: setOf(state) } : {}),
      readSize: state.readSize,
    },
  };
}

/** The run in words: `iter/task_file, pid 812, read(256)`. */
export function scenarioTitle(scenario: Scenario): string {
  const { attach = {}, fill = [], readSize = 0 } = scenario.options;
  const params = Object.entries(attach).map(([name, value]) => `${name} ${value}`);
  for (const [map, count] of fill) params.push(`${count} elements in ${map}`);
  return [scenario.source.path, ...(params.length > 0 ? params : ['all tasks']), `read(${readSize})`].join(
    ', ',
  );
}
