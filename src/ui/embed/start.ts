/** What the player shows first: the link's run, or an example's, at the moment that was asked for. */
import { isLink, openHash } from '../share/link.ts';
import type { Shared } from '../share/link.ts';
import { show } from '../share/shared.ts';
import type { PageDeps } from '../store/deps.ts';
import { useStore } from '../store/store.ts';
import type { EmbedParams } from './params.ts';

/** @returns what is wrong with the address; '' */
export async function startPlayer(hash: string, params: EmbedParams, deps: PageDeps): Promise<string> {
  const shared = isLink(hash) ? fromLink(hash, params) : fromParams(params, deps);
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

function fromParams(params: EmbedParams, { examples, worlds }: PageDeps): Shared | string {
  const source = examples.find((one) => one.path === (params.example ?? examples[0]?.path));
  if (!source) return `There is no example “${params.example}” here.`;
  const world = params.world ?? worlds[0] ?? '';
  if (!worlds.includes(world)) return `There is no world “${world}” here.`;
  const options = { readSize: params.read ?? 4096 };
  return withParams(
    { scenario: { world: { name: world }, source, options }, view: {}, moment: null },
    params,
  );
}
