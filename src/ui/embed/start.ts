/** What the player shows first: the link's run, or an example's, at the moment that was asked for. */
import type { Scenario } from '../../protocol/scenario.ts';
import { isLink, openHash } from '../share/link.ts';
import type { Shared } from '../share/link.ts';
import { show } from '../share/shared.ts';
import type { PageDeps } from '../store/deps.ts';
import { scenarioOf } from '../store/attach.ts';
import { useStore } from '../store/store.ts';
import { paramsProblem, targetOf } from '../store/target_params.ts';
import type { EmbedParams } from './params.ts';

/** @returns what is wrong with the address; '' */
export async function startPlayer(hash: string, params: EmbedParams, deps: PageDeps): Promise<string> {
  const shared = isLink(hash) ? fromLink(hash, params) : await fromParams(params, deps);
  if (typeof shared === 'string') return shared;
  await show(shared);
  if (params.event !== null) useStore.getState().seek({ call: params.event - 1, insn: null });
  return '';
}

const withParams = (shared: Shared, { unit, theme }: EmbedParams): Shared => {
  const { theme: linked, ...view } = shared.view;
  const wanted = theme === 'system' ? linked : theme;
  return { ...shared, view: { ...view, ...(unit ? { unit } : {}), ...(wanted ? { theme: wanted } : {}) } };
};

function fromLink(hash: string, params: EmbedParams): Shared | string {
  const link = openHash(hash, useStore.getState());
  return link.ok ? withParams(link.shared, params) : `This link cannot be opened: ${link.problem}.`;
}

/** The page is brought to show what the parameters say; what it would run then is run. */
async function fromParams(params: EmbedParams, { examples, worlds }: PageDeps): Promise<Shared | string> {
  const example = examples.find((one) => one.path === (params.example ?? examples[0]?.path));
  if (!example) return `There is no example “${params.example}” here.`;
  if (params.world !== null && !worlds.includes(params.world))
    return `There is no world “${params.world}” here.`;
  const { task, map, fill, cgroup, order, prog } = params.link;
  await useStore.getState().openExample(example.path);
  const { setAttach } = useStore.getState();
  setAttach({
    readSize: params.read ?? 4096,
    ...(params.world === null ? {} : { world: params.world }),
    ...(task ? { filter: task.filter, filterId: String(task.nr) } : {}),
    ...(map === null ? {} : { map }),
    ...(fill === null ? {} : { fill: String(fill) }),
    ...(cgroup === null ? {} : { cgroup }),
    ...(order === null ? {} : { order }),
  });
  await checked();
  // The check chooses a program; which others there are is known only now.
  if (prog !== null) setAttach({ prog });
  const state = useStore.getState();
  const scenario = scenarioOf(state);
  const problem = paramsProblem(state) || strangers(scenario, params);
  if (problem !== '') return `${problem}.`;
  return withParams({ scenario, view: {}, moment: null }, params);
}

/** When the program on the page has been checked: what its link takes follows from its target and its maps. */
const checked = (): Promise<void> =>
  new Promise((resolve) => {
    if (!useStore.getState().checking) return resolve();
    const leave = useStore.subscribe(({ checking }) => {
      if (checking) return;
      leave();
      resolve();
    });
  });

/** What is told to a link whose target takes no such thing; ''. */
function strangers({ options: { attach = {} } }: Scenario, { link }: EmbedParams): string {
  const target = targetOf(useStore.getState());
  const told = {
    [link.task?.filter ?? 'tid']: link.task && String(link.task.nr),
    map: link.map,
    cgroup: link.cgroup,
    order: link.order,
  };
  const taken: Readonly<Record<string, unknown>> = { ...attach, cgroup: attach.cgroup ?? attach.cgroupId };
  const strange = Object.entries(told).find(
    ([name, value]) => value !== null && target !== '' && String(taken[name]) !== value,
  );
  return strange ? `iter/${target} does not take ${strange[0]}=${strange[1]}` : '';
}
