/**
 * Starts the workers, also where the page has no origin of its own: in an iframe with `sandbox="allow-scripts"`
 * a worker from a URL is forbidden, and a module worker from a blob fails without a word. A classic worker
 * from a blob that imports the module works; what is posted to it before the module listens is kept for it.
 */
import type { WorkerName } from '../src/ui/store/deps.ts';
import languageUrl from './language.worker.ts?worker&url';
import machineUrl from './machine.worker.ts?worker&url';

const URLS: Readonly<Record<WorkerName, string>> = { language: languageUrl, machine: machineUrl };

const shim = (url: string): string => `
const early = [];
const hold = (event) => early.push(event);
addEventListener('message', hold);
import(${JSON.stringify(url)}).then(
  () => {
    removeEventListener('message', hold);
    for (const { data, ports } of early) dispatchEvent(new MessageEvent('message', { data, ports: [...ports] }));
  },
  (error) => setTimeout(() => { throw error; }),
);`;

export function spawn(name: WorkerName): Worker {
  const url = new URL(URLS[name], import.meta.url).href;
  if (self.origin !== 'null') return new Worker(url, { type: 'module', name });
  const source = new Blob([shim(url)], { type: 'text/javascript' });
  return new Worker(URL.createObjectURL(source), { name });
}
