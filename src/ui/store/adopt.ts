/** The inverse of scenarioOf: what the page has to show so that Run would run a given scenario. */
import type { AttachParams, Scenario } from '../../protocol/scenario.ts';
import { READ_SIZES, TASK_FILTERS } from './attach.ts';
import type { TaskFilter } from './attach.ts';
import type { PageState } from './store.ts';

/** What read(2) is asked for when nothing says it. */
const READ_SIZE = READ_SIZES[3];

const filterOf = (attach: AttachParams): TaskFilter =>
  TASK_FILTERS.find((name) => name !== 'all' && attach[name] !== undefined) ?? 'all';

/** The fields of the state, from a scenario whose program is C. */
export function adopted(scenario: Scenario, { brought, worlds }: PageState): Partial<PageState> {
  const { world } = scenario;
  const { attach = {}, fill = [], readSize = READ_SIZE, prog = null } = scenario.options;
  const filter = filterOf(attach);
  return {
    path: scenario.source.path,
    text: scenario.source.text ?? '',
    world: world.name,
    ...('text' in world
      ? { brought: { ...brought, [world.name]: world.text }, worlds: [...new Set([...worlds, world.name])] }
      : {}),
    changes: (scenario.changes ?? []).map((change) => ({ change, text: '' })),
    globals: { path: scenario.source.path, values: Object.fromEntries(scenario.options.set ?? []) },
    module: scenario.module ?? null,
    object: null,
    btf: null,
    prog,
    readSize,
    filter,
    filterId: filter === 'all' ? '' : String(attach[filter]),
    map: attach.map ?? '',
    fill: String(fill[0]?.[1] ?? (attach.map === undefined ? 8 : 0)),
    cgroup: attach.cgroup ?? attach.cgroupId ?? '',
    order: attach.order ?? 'pre',
  };
}
