/** What the page offers: the programs of examples/ and the worlds of worlds/. */
import type { Example } from '../src/ui/store/deps.ts';

const texts = import.meta.glob<string>('./examples/*.bpf.c', {
  query: '?raw',
  import: 'default',
  eager: true,
});
const worldFiles = import.meta.glob('./worlds/*.json', { query: '?url', import: 'default' });
const fileName = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

/** The program in the static page comes first. */
const FIRST = 'task_file.bpf.c';
const byFirst = (first: string) => (a: string, b: string) =>
  Number(b === first) - Number(a === first) || (a < b ? -1 : 1);

export const examples: readonly Example[] = Object.entries(texts)
  .map(([path, text]) => ({ path: fileName(path), text }))
  .sort((a, b) => byFirst(FIRST)(a.path, b.path));

/** Worlds made from a number alone. */
const BIG = ['big:10000', 'big:100000', 'big:1000000'];

export const worlds: readonly string[] = [
  ...Object.keys(worldFiles)
    .map((path) => fileName(path).replace(/\.json$/, ''))
    .sort(byFirst('demo')),
  ...BIG,
];
