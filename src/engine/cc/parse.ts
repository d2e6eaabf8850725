/**
 * The front end in one screen: text -> tokens -> checked program.
 *
 *     source ── preprocess ── parse (which checks as it reads) ── TranslationUnit
 *                  │                      │
 *            bundled headers        KernelTypes (vmlinux.h)
 *
 * Any text whatever gives an answer: mistakes are diagnostics, the unit is always safe to look at.
 */
import type { Diagnostic } from '../../protocol/diagnostics.ts';
import type { Btf } from '../btf/parse.ts';
import type { TranslationUnit } from './ast.ts';
import { checkUnit } from './check_unit.ts';
import { Context } from './check_context.ts';
import type { Scope } from './check_context.ts';
import { CPUS } from './cpu.ts';
import type { CpuName } from './cpu.ts';
import { Diagnostics } from './diagnostic.ts';
import { PROFILES } from './profile.ts';
import type { ProfileName } from './profile.ts';
import type { Observer } from './observe.ts';
import type { Macro } from './pp_macro.ts';
import { defineText } from './pp_predefined.ts';
import { parseExternal } from './parse_decl.ts';
import { Parser } from './parser.ts';
import { Preprocessor } from './preprocess.ts';
import type { FileProvider } from './preprocess.ts';
import { Sources } from './source.ts';
import { KernelTypes } from './vmlinux.ts';

export interface FrontendInput {
  readonly path: string;
  readonly text: string;
  /** Files that #include may name, asked before the bundled headers. */
  readonly files?: FileProvider;
  /** Object-like macros, as from --define NAME=V. */
  readonly defines?: Readonly<Record<string, string>>;
  /** What vmlinux.h is made of. */
  readonly kernelBtf: Btf;
  /** Default: bpf. */
  readonly profile?: ProfileName;
  /** Default: v3. */
  readonly cpu?: CpuName;
  /** Is told what names mean. */
  readonly observer?: Observer;
}
export interface FrontendResult {
  readonly unit: TranslationUnit;
  readonly diagnostics: readonly Diagnostic[];
  readonly sources: Sources;
  /** Everything declared outside functions, used or not. */
  readonly scope: Scope;
  /** Macros at the end of the file. */
  readonly macros: ReadonlyMap<string, Macro>;
  /** vmlinux.h was included: its names can be used. */
  readonly usesKernelTypes: boolean;
}

/** Reads and checks one C file. */
export function frontend(input: FrontendInput): FrontendResult {
  const sources = new Sources();
  const diagnostics = new Diagnostics(sources);
  const profile = PROFILES[input.profile ?? 'bpf'];
  const preprocessor = new Preprocessor(
    sources,
    diagnostics,
    input.files ?? (() => null),
    profile,
    CPUS[input.cpu ?? 'v3'],
  );
  for (const [name, value] of Object.entries(input.defines ?? {})) defineText(preprocessor, name, value);
  const tokens = preprocessor.run(input.path, input.text);
  const context = new Context(diagnostics, sources, KernelTypes.of(input.kernelBtf), profile);
  context.observer = input.observer ?? null;
  const parser = new Parser(tokens, context, (declaration) =>
    parseExternal(new Parser({ tokens: declaration, pragmas: [] }, context)),
  );
  while (!parser.atEnd && !diagnostics.exhausted) {
    const before = parser.mark();
    parseExternal(parser);
    if (parser.mark() === before) parser.advance();
  }
  if (profile.name === 'bpf') checkUnit(context);
  return {
    unit: unitOf(input.path, context),
    diagnostics: diagnostics.all(),
    sources,
    scope: context.fileScope,
    macros: preprocessor.macros,
    usesKernelTypes: context.usesKernelTypes,
  };
}

/** What of the declarations is part of the program: unused static things and unused declarations are not. */
function unitOf(path: string, context: Context): TranslationUnit {
  return {
    path,
    functions: context.functions.filter((f) => f.storage !== 'static' || f.referenced || f.attributes.used),
    variables: context.variables.filter(
      (v) => v.helper === null && (v.storage !== 'static' || v.referenced || v.attributes.used),
    ),
    externs: context.externs.filter((s) => s.referenced || !s.builtin),
  };
}
