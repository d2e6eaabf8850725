/** What each target takes at attach, besides the choice of tasks: a map and its content, a cgroup and an order. */
import type { MapInfo } from '../../protocol/api.ts';
import type { AttachParams, RunOptions } from '../../protocol/scenario.ts';
import { attachOf, filterProblem } from './attach.ts';
import { attachable } from './attachable.ts';
import type { PageState } from './store.ts';

export const CGROUP_ORDERS = ['pre', 'post', 'up', 'self', 'children'] as const;
export type CgroupOrder = (typeof CGROUP_ORDERS)[number];

/** Most elements that a map is filled with. */
const MAX_FILL = 1_000_000;

/** Target of the program that is chosen; '' while none is known. */
export const targetOf = (state: Pick<PageState, 'check' | 'compiled' | 'prog'>): string =>
  attachable(state).programs.find((program) => program.name === state.prog)?.target ?? '';

/** Maps of the program that a target walks. */
export const mapsFor = (state: Pick<PageState, 'check' | 'compiled'>, target: string): readonly MapInfo[] =>
  attachable(state).maps.filter(({ targets }) => targets.includes(target));

/** The map that is chosen, or the first; '' without any. */
export function mapOf(state: Pick<PageState, 'check' | 'compiled' | 'prog' | 'map'>): string {
  const maps = mapsFor(state, targetOf(state));
  return (maps.find(({ name }) => name === state.map) ?? maps[0])?.name ?? '';
}

type Params = Pick<RunOptions, 'attach' | 'fill'>;
interface TargetParams {
  params(state: PageState): Params;
  /** What is wrong with what was typed; ''. */
  problem(state: PageState): string;
}

const TASKS: TargetParams = {
  params: (state) => ({ attach: attachOf(state) }),
  problem: filterProblem,
};
const NOTHING: TargetParams = { params: () => ({ attach: {} }), problem: () => '' };
/** A map of sockets, which cannot be filled: its elements are sockets that somebody has open. */
const SOCKETS: TargetParams = {
  params(state) {
    const map = mapOf(state);
    return { attach: map === '' ? {} : { map } };
  },
  problem: () => '',
};
const PARAMS: Readonly<Record<string, TargetParams>> = {
  '': TASKS,
  task: TASKS,
  task_file: TASKS,
  task_vma: TASKS,
  bpf_map_elem: {
    params(state) {
      const map = mapOf(state);
      const count = Number(state.fill || 0);
      if (map === '') return { attach: {} };
      return { attach: { map }, ...(count > 0 ? { fill: [[map, count]] } : {}) };
    },
    problem({ fill }) {
      if (!/^\d{0,7}$/.test(fill.trim()) || Number(fill) > MAX_FILL)
        return `fill takes a number of elements, at most ${MAX_FILL}`;
      return '';
    },
  },
  sockmap: SOCKETS,
  bpf_sk_storage_map: SOCKETS,
  cgroup: {
    params: ({ cgroup, order }) => ({ attach: { ...cgroupParam(cgroup.trim()), order } }),
    problem: () => '',
  },
};

/** Digits are an id, anything else a path; nothing is the reader's root. */
function cgroupParam(text: string): AttachParams {
  if (text === '') return {};
  return /^\d+$/.test(text) ? { cgroupId: text } : { cgroup: text };
}

/** A target of the user's own may look at a task: nobody knows before it runs. */
const ofTarget = (state: PageState): TargetParams =>
  PARAMS[targetOf(state)] ?? (state.module ? TASKS : NOTHING);

export const takesTasks = (state: PageState): boolean => ofTarget(state) === TASKS;

export const paramsOf = (state: PageState): Params => ofTarget(state).params(state);
export const paramsProblem = (state: PageState): string => ofTarget(state).problem(state);

/** Whether two runs were given the same parameters. */
export const sameParams = (a: Params, b: Params): boolean =>
  JSON.stringify([a.attach ?? {}, a.fill ?? []]) === JSON.stringify([b.attach ?? {}, b.fill ?? []]);
