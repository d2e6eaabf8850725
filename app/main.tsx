/** Composition root of the page: workers, programs and worlds handed to the playground. */
import { mountPlayground } from '../src/ui/mount.tsx';
import { examples, worlds } from './catalog.ts';

mountPlayground({
  spawn: (name) =>
    name === 'language'
      ? new Worker(new URL('./language.worker.ts', import.meta.url), { type: 'module', name })
      : new Worker(new URL('./machine.worker.ts', import.meta.url), { type: 'module', name }),
  examples,
  worlds,
});
