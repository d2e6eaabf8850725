/**
 * Cgroups of a recorded machine: the tree with what the files of its controllers say.
 *
 * A cgroup has a file cgroup.controllers; what its parent passes on, which is the same, is its
 * cgroup.subtree_control. Files that a snapshot lacks say nothing.
 *
 * Source: kernel/cgroup/cgroup.c, mm/memcontrol.c, kernel/cgroup/pids.c, kernel/sched/core.c.
 */
import { CONTROLLER_NAMES } from './objects/cgroup_css.ts';
import type { ControllerName } from './objects/cgroup_css.ts';
import type { CgroupText } from './recorded_snapshot.ts';
import type { WorldInput } from './world_schema.ts';

type Cgroup = NonNullable<WorldInput['cgroups']>[number];
type Files = CgroupText['files'];

const words = (text: string | undefined): string[] => (text ?? '').split(/\s+/).filter((word) => word !== '');
const controllers = (text: string | undefined): ControllerName[] =>
  CONTROLLER_NAMES.filter((name) => words(text).includes(name));

const number = (text: string | undefined): number | undefined =>
  text !== undefined && /^\d+$/.test(text.trim()) ? Number(text) : undefined;
const limit = (text: string | undefined): number | 'max' | undefined =>
  text?.trim() === 'max' ? 'max' : number(text);

/** `key value` lines. */
const table = (text: string | undefined): Readonly<Record<string, number>> =>
  Object.fromEntries(
    (text ?? '').split('\n').flatMap((line) => {
      const [key = '', value] = line.split(' ');
      const known = number(value);
      return known === undefined ? [] : [[key, known]];
    }),
  );

/** The entries that are known. */
function known<Value extends object>(entries: {
  readonly [Key in keyof Value]: Value[Key] | undefined;
}): Partial<Value> {
  return Object.fromEntries(
    Object.entries(entries).filter(([, value]) => value !== undefined),
  ) as unknown as Partial<Value>;
}

function memory(files: Files): NonNullable<Cgroup['memory']> {
  const events = table(files['memory.events']);
  const { low = 0, high = 0, max = 0, oom = 0, oom_kill = 0, oom_group_kill = 0 } = events;
  return known<NonNullable<Cgroup['memory']>>({
    current: number(files['memory.current']),
    peak: number(files['memory.peak']),
    min: limit(files['memory.min']),
    low: limit(files['memory.low']),
    high: limit(files['memory.high']),
    max: limit(files['memory.max']),
    oomGroup: files['memory.oom.group']?.trim() === '1' ? true : undefined,
    events:
      files['memory.events'] === undefined ? undefined : { low, high, max, oom, oom_kill, oom_group_kill },
  });
}

function cpu(files: Files): NonNullable<Cgroup['cpu']> {
  const stat = table(files['cpu.stat']);
  const [quota, period] = words(files['cpu.max']);
  return known<NonNullable<Cgroup['cpu']>>({
    weight: number(files['cpu.weight']),
    quota: limit(quota),
    period: number(period),
    periods: stat['nr_periods'],
    throttled: stat['nr_throttled'],
    throttledTime: stat['throttled_usec'],
  });
}

function spent(files: Files): Cgroup['spent'] {
  const {
    usage_usec: usage,
    user_usec: user,
    system_usec: system,
    nice_usec: nice = 0,
  } = table(files['cpu.stat']);
  return usage === undefined || user === undefined || system === undefined
    ? undefined
    : { usage, user, system, nice };
}

/** Inode numbers tell the order in which they were made, which is that of siblings; the root is first. */
export function importCgroups(texts: readonly CgroupText[]): Cgroup[] {
  const control = new Map<string, ControllerName[]>();
  for (const { path, controllers: own } of texts) {
    const parent = path.slice(0, path.lastIndexOf('/'));
    if (path !== '' && own !== null && own !== undefined) control.set(parent, controllers(own));
  }
  return [...texts]
    .sort((a, b) => a.id - b.id)
    .sort((a, b) => Number(b.path === '') - Number(a.path === ''))
    .map(({ path, id, files }) => {
      const has = (name: ControllerName): boolean =>
        path !== '' && (control.get(path.slice(0, path.lastIndexOf('/'))) ?? []).includes(name);
      const time = path === '' ? undefined : spent(files);
      const max = limit(files['pids.max']);
      const peak = number(files['pids.peak']);
      return {
        path: path === '' ? '/' : path,
        ...(path === '' ? {} : { id }),
        subtreeControl: control.get(path) ?? [],
        ...(has('memory') ? { memory: memory(files) } : {}),
        ...(has('cpu') ? { cpu: cpu(files) } : {}),
        ...(has('pids') && (max ?? peak) !== undefined
          ? { pids: known<NonNullable<Cgroup['pids']>>({ max, peak }) }
          : {}),
        ...(time === undefined ? {} : { spent: time }),
      };
    });
}
