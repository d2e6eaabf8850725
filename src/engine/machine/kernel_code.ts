/**
 * Kernel code of a scenario: compiled when it is first seen, inserted into every machine that boots with it.
 *
 *     Scenario.module -> BuiltModule -> types with the module's behind them, and what inserts it
 *
 * Few scenarios have any: whoever serves them loads this file with the first one that has.
 */
import type { PseudoCode } from '../../protocol/api.ts';
import type { Diagnostic } from '../../protocol/diagnostics.ts';
import type { KernelSource } from '../../protocol/scenario.ts';
import type { Btf } from '../btf/parse.ts';
import { KernelOops } from '../iter/bpf_iter.ts';
import { buildModule, withModuleTypes } from '../module/build.ts';
import type { ModuleFile } from '../module/build.ts';
import { insertModule } from '../module/module.ts';
import type { LoadedModule } from '../module/module.ts';
import { ModuleError } from '../module/module_error.ts';
import type { Sys } from '../sys/sys.ts';
import { BootError } from './boot.ts';
import type { KernelCode } from './boot.ts';
import { oopsDiagnostic } from './play.ts';

/** Texts that are remembered: one for each that somebody goes back to while editing. */
const KEPT = 8;

export interface MadeCode {
  /** What programs are compiled against: the kernel's own types when the module does not compile. */
  readonly types: Btf;
  /** null: it does not compile. */
  readonly code: KernelCode | null;
  readonly diagnostics: readonly Diagnostic[];
  /** Its functions, for the pane that shows what the kernel does. */
  readonly functions: readonly PseudoCode[];
}

/** A module that cannot be inserted is a machine that cannot be booted. @throws BootError */
function insert(sys: Sys, file: ModuleFile): LoadedModule {
  try {
    return insertModule(sys, file);
  } catch (error) {
    if (error instanceof ModuleError) throw new BootError(error.message, error.diagnostics);
    if (error instanceof KernelOops) throw new BootError(error.message, [oopsDiagnostic(error, file.path)]);
    throw error;
  }
}

function make({ path, text }: KernelSource, own: Btf): MadeCode {
  const { file, diagnostics } = buildModule({ path, text }, own);
  if (!file) return { types: own, code: null, diagnostics, functions: [] };
  // The same kernel with the same module is the same types: what is derived from them is kept with them.
  const extended = new WeakMap<Btf, Btf>();
  const extend = (kernel: Btf): Btf => {
    let types = extended.get(kernel);
    if (!types) extended.set(kernel, (types = withModuleTypes(kernel, file)));
    return types;
  };
  return {
    types: extend(own),
    code: { extend, insert: (sys) => insert(sys, file) },
    diagnostics,
    functions: file.functions,
  };
}

export class KernelCodes {
  private readonly made = new Map<string, MadeCode>();
  private madeFor: Btf | null = null;

  /** @param own the kernel's types */
  of(source: KernelSource, own: Btf): MadeCode {
    if (own !== this.madeFor) this.made.clear();
    this.madeFor = own;
    const key = JSON.stringify([source.path, source.text]);
    let made = this.made.get(key);
    if (!made) {
      if (this.made.size >= KEPT) this.made.clear();
      this.made.set(key, (made = make(source, own)));
    }
    return made;
  }
}
