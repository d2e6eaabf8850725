/** Composition root of the page: workers, programs and worlds handed to the playground. */
import { mountPlayground } from '../src/ui/mount.tsx';
import { examples, later, worlds } from './catalog.ts';
import { spawn } from './spawn.ts';

mountPlayground({ spawn, examples, worlds }, later);
