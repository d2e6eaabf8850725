/**
 * What the address of the player asks for:
 *
 *     embed.html?view=table&code=0&event=26#1.<link>
 *     embed.html?example=task_file.bpf.c&world=docs&read=256&pid=731
 *
 * The link after `#` is the playground's own. Without one, `example` and `world` say what is run, and what is
 * told to its link stands beside them, in the words of the attach bar.
 */
import { TASK_FILTERS } from '../store/attach.ts';
import type { TaskFilter } from '../store/attach.ts';
import { SPEEDS } from '../store/cursor.ts';
import { CGROUP_ORDERS } from '../store/target_params.ts';
import type { CgroupOrder } from '../store/target_params.ts';
import { THEMES } from '../store/view.ts';
import { UNITS } from '../trace/units.ts';

export const EMBED_VIEWS = ['graph', 'table', 'output'] as const;
export type EmbedView = (typeof EMBED_VIEWS)[number];
const CONTROLS = ['full', 'step', 'none'] as const;
const YES_NO = ['1', '0'] as const;
const LANGUAGES = ['en'] as const;
const READ_MOST = 1 << 20;
const PID_MOST = 1 << 22;
const FILL_MOST = 1_000_000;

export interface EmbedParams {
  readonly view: EmbedView;
  readonly code: boolean;
  /** From 1, as the counter shows it; null: the link's moment, or the first event. */
  readonly event: number | null;
  readonly unit: (typeof UNITS)[number] | null;
  readonly theme: (typeof THEMES)[number];
  readonly controls: (typeof CONTROLS)[number];
  readonly speed: number;
  readonly example: string | null;
  readonly world: string | null;
  readonly read: number | null;
  readonly link: LinkParams;
}

/** What a link is told; null and '': nothing. */
interface LinkParams {
  readonly prog: string | null;
  readonly task: { readonly filter: TaskFilter; readonly nr: number } | null;
  readonly map: string | null;
  /** Elements that are put into the map before. */
  readonly fill: number | null;
  /** Path or id. */
  readonly cgroup: string | null;
  readonly order: CgroupOrder | null;
}

/** @returns the parameters, and a sentence for each that has no meaning and is left out */
export function embedParams(search: string): { params: EmbedParams; problems: readonly string[] } {
  const given = new URLSearchParams(search);
  const problems: string[] = [];
  const one = <T extends string>(name: string, of: readonly T[], otherwise: T): T => {
    const value = given.get(name);
    if (value === null) return otherwise;
    const known = of.find((option) => option === value);
    if (known === undefined) problems.push(`${name}=${value} is none of ${of.join(', ')}.`);
    return known ?? otherwise;
  };
  const number = (name: string, most: number): number | null => {
    const value = given.get(name);
    if (value === null) return null;
    const parsed = /^\d{1,10}$/.test(value) ? Number(value) : 0;
    if (parsed >= 1 && parsed <= most) return parsed;
    problems.push(`${name}=${value} is no number from 1 to ${most}.`);
    return null;
  };
  const tasks = TASK_FILTERS.flatMap((filter) => {
    const nr = filter === 'all' ? null : number(filter, PID_MOST);
    return nr === null ? [] : [{ filter, nr }];
  });
  if (tasks.length > 1) problems.push('Of tid, pid and pidfd a link takes one.');
  one('lang', LANGUAGES, 'en');
  const theme = one('theme', ['auto', 'light', 'dark'], 'auto');
  const speed = one('speed', SPEEDS.map(String), '4');
  return {
    params: {
      view: one('view', EMBED_VIEWS, 'graph'),
      code: one('code', YES_NO, '1') === '1',
      event: number('event', 2 ** 31),
      unit: given.has('unit') ? one('unit', UNITS, 'object') : null,
      theme: theme === 'auto' ? 'system' : theme,
      controls: one('controls', CONTROLS, 'full'),
      speed: Number(speed),
      example: given.get('example'),
      world: given.get('world'),
      read: number('read', READ_MOST),
      link: {
        prog: given.get('prog'),
        task: tasks[0] ?? null,
        map: given.get('map'),
        fill: number('fill', FILL_MOST),
        cgroup: given.get('cgroup'),
        order: given.has('order') ? one('order', CGROUP_ORDERS, 'pre') : null,
      },
    },
    problems,
  };
}
