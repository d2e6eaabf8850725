/** What the page offers: the programs of examples/ and the worlds of worlds/. */
import type { Example } from '../src/ui/store/deps.ts';

const texts = import.meta.glob<string>('./examples/*.bpf.c', {
  query: '?raw',
  import: 'default',
  eager: true,
});
const targetTexts = import.meta.glob<string>('./examples/targets/*.c', { query: '?raw', import: 'default' });
const worldFiles = import.meta.glob('./worlds/*.json', { query: '?url', import: 'default' });
const fileName = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

/** The program in the static page comes first. */
const FIRST = 'task_file.bpf.c';
const byFirst = (first: string) => (a: string, b: string) =>
  Number(b === first) - Number(a === first) || (a < b ? -1 : 1);

/** What is fetched when it is chosen. */
export const later: readonly (() => Promise<unknown>)[] = Object.values(targetTexts);

const targetText = async (name: string): Promise<string> =>
  (await targetTexts[`./examples/targets/${name}`]?.()) ?? '';
/** Programs with a target of their own: fetched with its kernel code when they are chosen. */
const ownTargets = Object.keys(targetTexts)
  .map(fileName)
  .filter((name) => name.endsWith('.bpf.c'))
  .map((path): Example => {
    const module = path.replace('.bpf.c', '.c');
    const load = async () => ({
      text: await targetText(path),
      module: { path: module, text: await targetText(module) },
    });
    return { path, text: '', load };
  });

/** Worlds that have what a program walks: another is chosen by hand. */
const WORLDS: Readonly<Record<string, readonly string[]>> = {
  sockets: ['tcp', 'udp', 'unix', 'netlink', 'sockmap', 'bpf_sk_storage_map'],
  graphics: ['kmem_cache', 'dmabuf'],
};
const worldOf = (path: string): Pick<Example, 'world'> => {
  const world = Object.keys(WORLDS).find((name) => WORLDS[name]?.includes(path.replace('.bpf.c', '')));
  return world === undefined ? {} : { world };
};

export const examples: readonly Example[] = [
  ...Object.entries(texts)
    .map(([file, text]): Example => {
      const path = fileName(file);
      return { path, text, ...worldOf(path) };
    })
    .sort((a, b) => byFirst(FIRST)(a.path, b.path)),
  ...ownTargets,
];

/** Worlds made from a number alone. */
const BIG = ['big:10000', 'big:100000', 'big:1000000'];

export const worlds: readonly string[] = [
  ...Object.keys(worldFiles)
    .map((path) => fileName(path).replace(/\.json$/, ''))
    .sort(byFirst('demo')),
  ...BIG,
];
