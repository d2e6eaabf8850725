/** The machine that the options describe: its resources, world, types and symbols. */
import type { BootOptions } from '../../src/engine/machine/boot.ts';
import { BootError, bootMachine, kernelTypes, readSymbols } from '../../src/engine/machine/boot.ts';
import type { Btf } from '../../src/engine/btf/parse.ts';
import type { Symbols } from '../../src/engine/kernel/symbols.ts';
import type { Machine } from '../../src/engine/machine/boot.ts';
import { must } from '../../src/shared/assert.ts';
import { existsSync } from 'node:fs';
import { resources } from '../resources.ts';
import { includeFrom, readBytes, readText } from './files.ts';
import { buildModule, withModuleTypes } from '../../src/engine/module/build.ts';
import type { BuiltModule } from '../../src/engine/module/build.ts';
import { insertModule } from '../../src/engine/module/module.ts';
import type { Sys } from '../../src/engine/sys/sys.ts';
import { ModuleError } from '../../src/engine/module/module_error.ts';
import type { CliOptions } from './options.ts';

const DEFAULT_WORLD = 'demo';

/** A shipped world by its name, or a file. */
function worldRef(world: string | null): BootOptions['world'] {
  const name = world ?? DEFAULT_WORLD;
  const isFile = /[./\\]/.test(name) || (!resources.worldNames.includes(name) && existsSync(name));
  return isFile ? { name, text: readText(name) } : { name };
}

/** What is wrong with the file of an option, with the option and the file before it. @throws BootError */
function ofOption<T>(option: string, path: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof BootError) throw new BootError(`${option} ${path}: ${error.message}`);
    throw error;
  }
}

function btfOf(path: string): Uint8Array {
  const btf = readBytes(path);
  return ofOption('--btf', path, () => kernelTypes(resources, { btf }) && btf);
}

const symbolsOf = (path: string): Symbols =>
  ofOption('--kallsyms', path, () => must(readSymbols(readText(path)), 'symbols of a text'));

/** @throws UsageError for files that cannot be read */
export const bootOptions = (options: CliOptions, world = options.world): BootOptions => ({
  world: worldRef(world),
  release: options.kernel ?? undefined,
  btf: options.btf === null ? undefined : btfOf(options.btf),
  kallsyms: options.kallsyms === null ? undefined : symbolsOf(options.kallsyms),
  seed: options.seed ?? undefined,
  reader: options.run.reader,
});

/** The kernel code of --module, compiled; null when there is none. @throws UsageError, ModuleError */
function moduleOf(options: CliOptions): BuiltModule | null {
  const { module: path } = options;
  if (path === null) return null;
  const source = {
    path,
    text: readText(path),
    defines: options.defines,
    files: includeFrom(path, options.includes),
  };
  const built = buildModule(source, ownTypes(options));
  if (!built.file) throw new ModuleError(built.diagnostics);
  return built;
}

/** @throws UsageError, BootError; for kernel code that cannot be loaded ModuleError, KernelOops */
export function boot(options: CliOptions): Machine {
  const file = moduleOf(options)?.file;
  const module = file && {
    extend: (kernel: Btf) => withModuleTypes(kernel, file),
    insert: (sys: Sys) => insertModule(sys, file),
  };
  const given = { ...bootOptions(options), ...(module && { module }) };
  const start = (): Machine => bootMachine(resources, given);
  return options.btf === null ? start() : ofOption('--btf', options.btf, start);
}

/** A sentence when the release was not asked for and is not that of the world's machine; else ''. */
export function releaseNote({ world, release }: Machine, { kernel }: CliOptions): string {
  const own = world.uname.release;
  if (kernel !== null || own === '' || own.startsWith(release.name)) return '';
  return `the machine runs ${own}; it is walked as ${release.name} would, the nearest release known (--kernel names another)`;
}

const ownTypes = (options: CliOptions): Btf =>
  kernelTypes(resources, options.btf === null ? {} : { btf: btfOf(options.btf) });

/** The types to compile against. @throws UsageError, BootError, ModuleError */
export function types(options: CliOptions): Btf {
  const module = moduleOf(options)?.file;
  return module ? withModuleTypes(ownTypes(options), module) : ownTypes(options);
}
