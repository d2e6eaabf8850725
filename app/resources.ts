/** The worlds and the kernel types that ship with the engine. */
import kernelBtf from 'virtual:kernel-btf';

import type { Resources } from '../src/engine/machine/resources.ts';

const worlds = import.meta.glob<string>('./worlds/*.json', { query: '?raw', import: 'default', eager: true });
const nameOf = (path: string): string => path.replace(/^.*\/|\.json$/g, '');
const byName = new Map(Object.entries(worlds).map(([path, text]) => [nameOf(path), text]));

export const resources: Resources = {
  btf: () => kernelBtf,
  world: (name) => byName.get(name) ?? null,
  worldNames: [...byName.keys()],
  userLibrary: async () => (await import('./user_library.ts')).userLibrary,
};
