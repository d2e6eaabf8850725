/**
 * A module's C compiled: an object, and the types it brings along. No machine is needed for that.
 *
 *     target.c --cc, profile kernel--> object
 *              --names new to the kernel--> split BTF
 */
import type { PseudoCode } from '../../protocol/api.ts';
import type { Diagnostic } from '../../protocol/diagnostics.ts';
import { Btf } from '../btf/parse.ts';
import { compile } from '../cc/compile.ts';
import { frontend } from '../cc/parse.ts';
import { KERNEL_FUNCTIONS } from './functions/index.ts';
import { functionsOf } from './lines.ts';
import { kernelHeader } from './header.ts';
import { splitBtf } from './split_btf.ts';

export interface ModuleSource {
  readonly path: string;
  readonly text: string;
  readonly defines?: Readonly<Record<string, string>>;
  /** Text of an included file of the user's own, or null. */
  readonly files?: (path: string) => string | null;
}

/** A module that can be inserted. */
export interface ModuleFile {
  /** As lsmod calls it: the file's name without `.c`, dashes as underscores. */
  readonly name: string;
  readonly path: string;
  readonly text: string;
  readonly object: Uint8Array;
  /** Over the BTF of the kernel it was built for. */
  readonly btf: Uint8Array;
  /** The user's own functions, with the ids that a walk names their lines by. */
  readonly functions: readonly PseudoCode[];
}

export interface BuiltModule {
  /** null: it does not compile. */
  readonly file: ModuleFile | null;
  readonly diagnostics: readonly Diagnostic[];
}

const moduleName = (path: string): string =>
  path
    .replace(/^.*\//, '')
    .replace(/(\.mod|\.ko)?\.c$/, '')
    .replaceAll('-', '_');

const PROTOTYPES = Object.values(KERNEL_FUNCTIONS).map(({ proto }) => proto);

export function buildModule(source: ModuleSource, kernelBtf: Btf): BuiltModule {
  const { path, text } = source;
  const input = {
    path,
    text,
    files: (name: string) => source.files?.(name) ?? kernelHeader(name, PROTOTYPES),
    ...(source.defines ? { defines: source.defines } : {}),
    kernelBtf,
    profile: 'kernel',
    // Every line of C keeps its instructions, so that an oops names the right one.
    optimise: false,
  } as const;
  const { object, diagnostics } = compile(input);
  if (!object) return { file: null, diagnostics };
  const c = frontend(input);
  const btf = splitBtf(c, kernelBtf);
  return {
    file: { name: moduleName(path), path, text, object, btf, functions: functionsOf(c, path, text) },
    diagnostics,
  };
}

/** The types of a kernel with the module's behind them. */
export const withModuleTypes = (kernel: Btf, { btf, name }: ModuleFile): Btf => Btf.parse(btf, kernel, name);
