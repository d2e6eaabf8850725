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
import { all, keepLength } from './keep.ts';
import type { PutBack } from './keep.ts';
import type { Observer } from './observe.ts';
import type { Macro } from './pp_macro.ts';
import { defineText } from './pp_predefined.ts';
import { parseExternal } from './parse_decl.ts';
import { Parser } from './parser.ts';
import { Preprocessor } from './preprocess.ts';
import type { FileProvider } from './preprocess.ts';
import { NOWHERE, Sources } from './source.ts';
import type { Loc } from './source.ts';
import { KernelTypes } from './vmlinux.ts';
import { levelsFrom } from './warnings.ts';

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
  /** `-w` and `-W...`, as on clang's command line; absent: every warning there is. */
  readonly warnings?: readonly string[];
  /** Is told what names mean. */
  readonly observer?: Observer;
}
export interface FrontendResult {
  readonly unit: TranslationUnit;
  readonly diagnostics: readonly Diagnostic[];
  readonly sources: Sources;
  /** Everything declared outside functions, used or not. */
  readonly scope: Scope;
  /** Not all was read: there were too many mistakes. */
  readonly exhausted: boolean;
  /** Macros at the end of the file. */
  readonly macros: ReadonlyMap<string, Macro>;
  /** vmlinux.h was included: its names can be used. */
  readonly usesKernelTypes: boolean;
}

/** Reads and checks one C file. */
export const frontend = (input: FrontendInput): FrontendResult => new FrontEnd(input).finish();

/** What was read can be undone up to here, and another text that is the same before `at` read on. */
export interface Halt {
  readonly at: Loc;
  readonly putBack: PutBack;
}

/** The front end on its way through a file: it can stop between declarations, and begin again there. */
export class FrontEnd {
  /** Where declarations of the file end that have no mistakes. */
  readonly ends: Loc[] = [];
  private readonly input: FrontendInput;
  private readonly sources = new Sources();
  private readonly diagnostics: Diagnostics;
  private readonly preprocessor: Preprocessor;
  private readonly context: Context;
  private readonly parser: Parser;

  /** @param room how long the text may become (`readOn`) */
  constructor(input: FrontendInput, room = 0) {
    this.input = input;
    const { sources } = this;
    const { levels, wrong } = levelsFrom(input.warnings ?? []);
    const diagnostics = new Diagnostics(sources, levels);
    for (const message of wrong) diagnostics.warning('unknown-warning-option', NOWHERE, message);
    this.diagnostics = diagnostics;
    const profile = PROFILES[input.profile ?? 'bpf'];
    const cpu = CPUS[input.cpu ?? 'v3'];
    const preprocessor = new Preprocessor(sources, diagnostics, input.files ?? (() => null), profile, cpu);
    for (const [name, value] of Object.entries(input.defines ?? {})) defineText(preprocessor, name, value);
    preprocessor.open(input.path, input.text, room);
    const context = new Context(diagnostics, sources, KernelTypes.of(input.kernelBtf), profile);
    context.observer = input.observer ?? null;
    this.preprocessor = preprocessor;
    this.context = context;
    this.parser = new Parser(preprocessor.result, context, (declaration) =>
      parseExternal(new Parser({ tokens: declaration, pragmas: [] }, context)),
    );
  }

  /** Reads declarations, up to the first that begins at `end` or later. */
  readTo(end: Loc): void {
    this.diagnostics.phase = 'preprocessing';
    this.preprocessor.readTo(end);
    this.parseOn();
  }

  /**
   * Reads what the file begins with: directives and all that they include.
   *
   * @returns null when something is open behind them, or was wrong: then another front end has to begin
   */
  readHeaders(): Halt | null {
    const { diagnostics, preprocessor, parser } = this;
    diagnostics.phase = 'preprocessing';
    const at = preprocessor.readHeaders();
    if (at === null || !endsDeclaration(preprocessor.result.tokens.at(-2)?.text)) return null;
    this.parseOn();
    if (!parser.atEnd || diagnostics.hasErrors || diagnostics.exhausted) return null;
    return { at, putBack: this.kept() };
  }

  /** Parses what has been preprocessed. */
  private parseOn(): void {
    const { parser, diagnostics, sources } = this;
    diagnostics.phase = 'parsing';
    parser.goOn();
    while (!parser.atEnd && !diagnostics.exhausted) {
      const before = parser.mark();
      const { errors } = diagnostics;
      parseExternal(parser);
      if (parser.mark() === before) parser.advance();
      // After a mistake it may depend on what follows where the declaration ends.
      const isClean = diagnostics.errors === errors;
      if (isClean && sources.fileAt(parser.lastEnd - 1) === sources.files[0]) this.ends.push(parser.lastEnd);
    }
  }

  /**
   * How to come back to `at`, which has just been read to, for `readOn`; null when something is open there or
   * text behind may change what stands before.
   */
  keep(at: Loc): PutBack | null {
    const { preprocessor, parser, sources, diagnostics } = this;
    const last = sources.text({ start: at - 1, end: at });
    if (!preprocessor.isSettledAt(at) || !parser.atEnd || diagnostics.exhausted) return null;
    return endsDeclaration(last) ? this.kept() : null;
  }

  private kept(): PutBack {
    const { preprocessor, parser, sources, diagnostics, context } = this;
    return all(
      ...[sources, diagnostics, preprocessor, context, parser].map((part) => part.keep()),
      keepLength(this.ends),
    );
  }

  /** Goes on at `at` in a text that is the same before it. */
  readOn(text: string, at: Loc, startsLine = false): void {
    this.preprocessor.readOn(this.sources.renew(text), at, startsLine);
  }

  /** Reads what is left. */
  finish(): FrontendResult {
    this.readTo(Infinity);
    const { context, preprocessor } = this;
    if (context.profile.name === 'bpf') checkUnit(context);
    return {
      unit: unitOf(this.input.path, context),
      diagnostics: this.diagnostics.all(),
      exhausted: this.diagnostics.exhausted,
      sources: this.sources,
      scope: context.fileScope,
      macros: preprocessor.macros,
      usesKernelTypes: context.usesKernelTypes,
    };
  }
}

/** May a declaration end with this token? With none before it, one has. */
const endsDeclaration = (last = ';'): boolean => last === ';' || last === '}';

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
