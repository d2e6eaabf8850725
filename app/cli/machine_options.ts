/** The machine that the options describe: its resources, world, types and symbols. */
import type { BootOptions } from '../../src/engine/machine/boot.ts';
import { bootMachine, kernelTypes } from '../../src/engine/machine/boot.ts';
import type { Btf } from '../../src/engine/btf/parse.ts';
import type { Machine } from '../../src/engine/machine/boot.ts';
import { existsSync } from 'node:fs';
import { resources } from '../resources.ts';
import { readBytes, readText } from './files.ts';
import type { CliOptions } from './options.ts';

const DEFAULT_WORLD = 'demo';

/** A shipped world by its name, or a file. */
function worldRef(world: string | null): BootOptions['world'] {
  const name = world ?? DEFAULT_WORLD;
  const isFile = /[./\\]/.test(name) || (!resources.worldNames.includes(name) && existsSync(name));
  return isFile ? { name, text: readText(name) } : { name };
}

/** @throws UsageError for files that cannot be read */
export const bootOptions = (options: CliOptions, world = options.world): BootOptions => ({
  world: worldRef(world),
  release: options.kernel ?? undefined,
  btf: options.btf === null ? undefined : readBytes(options.btf),
  kallsyms: options.kallsyms === null ? undefined : readText(options.kallsyms),
  seed: options.seed ?? undefined,
  reader: options.run.reader,
});

/** @throws UsageError, BootError */
export const boot = (options: CliOptions): Machine => bootMachine(resources, bootOptions(options));

/** The types to compile against. @throws UsageError, BootError */
export const types = (options: CliOptions): Btf =>
  kernelTypes(resources, options.btf === null ? {} : { btf: readBytes(options.btf) });
