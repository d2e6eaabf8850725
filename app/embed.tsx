/** Composition root of the player in an iframe. Loaded when it comes into view. */
import { mountPlayer } from '../src/ui/embed/mount.tsx';
import { examples, worlds } from './catalog.ts';
import { spawn } from './spawn.ts';

mountPlayer({ spawn, examples, worlds });
