/**
 * What the checker knows while it reads a file: scopes, the function being read, what the unit has so far,
 * and which warnings are switched off.
 */
import type { FuncSymbol, Label, ObjectSymbol, CaseStmt, DefaultStmt, VarSymbol } from './ast.ts';
import type { CType, EnumType, IntType, RecordType, TypedefType } from './ctype.ts';
import { INT, integerOf, unsugar } from './ctype.ts';
import { didYouMean } from './did_you_mean.ts';
import type { Diagnostics, Note, Repair } from './diagnostic.ts';
import { all, keepFields, keepList, keepMap, keepSet } from './keep.ts';
import type { PutBack } from './keep.ts';
import { PROFILES } from './profile.ts';
import type { Profile } from './profile.ts';
import type { Observer } from './observe.ts';
import type { Loc, Range, Sources } from './source.ts';
import { NOWHERE } from './source.ts';
import type { KernelTypes } from './vmlinux.ts';
import type { Warning } from './warnings.ts';

/** What an ordinary identifier means. */
export type Binding =
  | { readonly kind: 'object'; readonly symbol: ObjectSymbol }
  | { readonly kind: 'typedef'; readonly type: TypedefType; readonly range: Range }
  | {
      readonly kind: 'enumerator';
      readonly name: string;
      readonly of: EnumType;
      readonly value: bigint;
      /** int, unless the value does not fit. */
      readonly type: IntType;
      readonly range: Range;
    };
export interface TagBinding {
  readonly type: RecordType | EnumType;
  readonly range: Range;
}

/** A label, and whether its statement has been read. */
export interface LabelEntry {
  readonly label: Label;
  defined: boolean;
  /** Something goes there, or it is meant to be unused. */
  used: boolean;
  range: Range;
}

export class Scope {
  readonly parent: Scope | null;
  /** Of `__label__`. */
  readonly labels = new Map<string, LabelEntry>();
  readonly names = new Map<string, Binding>();
  readonly tags = new Map<string, TagBinding>();
  /** Names whose declaration is read once somebody asks for them. */
  readonly deferred = new Map<string, (name: string) => void>();

  constructor(parent: Scope | null) {
    this.parent = parent;
  }

  keep(): PutBack {
    return all(keepMap(this.names), keepMap(this.tags), keepMap(this.deferred), keepMap(this.labels));
  }

  /** What a name means in this scope itself. */
  find(name: string): Binding | undefined {
    const declare = this.deferred.size > 0 ? this.deferred.get(name) : undefined;
    if (declare) {
      this.deferred.delete(name);
      declare(name);
    }
    return this.names.get(name);
  }
}

/** A `switch` whose body is being read. */
export interface OpenSwitch {
  readonly type: IntType;
  readonly cases: CaseStmt[];
  /** Of those with one value; and those with more. */
  readonly values: Set<bigint>;
  readonly ranges: CaseStmt[];
  defaultCase: DefaultStmt | null;
}

/** The function whose body is being read. */
export class OpenFunction {
  readonly symbol: FuncSymbol;
  readonly labels = new Map<string, LabelEntry>();
  /** Of `__label__` in blocks that are read. */
  readonly localLabels: LabelEntry[] = [];
  readonly switches: OpenSwitch[] = [];
  /** Those that its blocks declare. */
  readonly variables: VarSymbol[] = [];
  /** The same, as long as nobody has named them. */
  readonly typedefs = new Map<TypedefType, Range>();
  /** Loops and switches around the statement that `break` may leave. */
  breakable = 0;
  loops = 0;

  constructor(symbol: FuncSymbol) {
    this.symbol = symbol;
  }
}

/** The type an enumerator has in expressions. */
export function enumeratorType(value: bigint, of: EnumType): IntType {
  return value >= -(2n ** 31n) && value < 2n ** 31n ? INT : (integerOf(of) ?? INT);
}

export class Context {
  readonly diagnostics: Diagnostics;
  readonly sources: Sources;
  readonly kernel: KernelTypes;
  readonly profile: Profile;
  /** Is told what names mean; null when nobody asked. */
  observer: Observer | null = null;
  /** vmlinux.h (or linux/bpf.h) was included: unknown names may be the kernel's. */
  usesKernelTypes = false;
  /** vmlinux.h itself was included, so the program cannot define those types again. */
  kernelTypesDefined = false;
  /** Names of the kernel that were macros when it was included. */
  readonly hiddenKernelNames = new Set<string>();
  /** Neither type nor enumerator of the kernel, as was found before. */
  private readonly unknownToKernel = new Set<string>();
  readonly fileScope = new Scope(null);
  scope: Scope = this.fileScope;
  function: OpenFunction | null = null;
  readonly functions: FuncSymbol[] = [];
  readonly variables: VarSymbol[] = [];
  readonly externs: ObjectSymbol[] = [];
  /** How often an object was named, evaluated or not. */
  readonly mentions = new Map<ObjectSymbol, number>();
  /** What was stored last in elements of local arrays, by index. */
  readonly stored = new Map<VarSymbol, Map<bigint, CType>>();
  /** Greater than 0 inside sizeof, typeof and the like: nothing there is evaluated. */
  unevaluated = 0;
  /** `preserve_access_index` from #pragma clang attribute push. */
  pushedPreserve = 0;
  /** #pragma pack(N) in bytes, or null. */
  pack: number | null = null;

  constructor(
    diagnostics: Diagnostics,
    sources: Sources,
    kernel: KernelTypes,
    profile: Profile = PROFILES.bpf,
  ) {
    this.diagnostics = diagnostics;
    this.sources = sources;
    this.kernel = kernel;
    this.profile = profile;
  }

  /** At file scope, between two declarations: what is read from here on can be undone. */
  keep(): PutBack {
    const { fileScope, functions, variables, externs, stored, mentions, hiddenKernelNames } = this;
    const { usesKernelTypes, kernelTypesDefined, pushedPreserve, pack } = this;
    const symbols = new Set<object>([...functions, ...variables, ...externs]);
    for (const binding of fileScope.names.values())
      if (binding.kind === 'object') symbols.add(binding.symbol);
    for (const { type, range } of fileScope.tags.values()) if (range !== NOWHERE) symbols.add(type);
    return all(
      ...Array.from(symbols, keepFields),
      fileScope.keep(),
      ...[functions, variables, externs].map((list) => keepList(list)),
      keepMap(stored),
      keepMap(mentions),
      keepSet(hiddenKernelNames),
      () => {
        this.scope = fileScope;
        this.function = null;
        this.unevaluated = 0;
        Object.assign(this, { usesKernelTypes, kernelTypesDefined, pushedPreserve, pack });
      },
    );
  }

  /** @param option its name for clang, which can switch it off */
  error(
    range: Range,
    message: string,
    notes: readonly Note[] = [],
    repairs: readonly Repair[] = [],
    option: Warning | null = null,
  ): void {
    this.diagnostics.error(range, message, notes, repairs, option);
  }

  /** What headers of ours do is theirs. @param option null: it has no name */
  warning(
    option: Warning | null,
    range: Range,
    message: string,
    notes: readonly Note[] = [],
    repairs: readonly Repair[] = [],
  ): void {
    if (!this.sources.fileAt(range.start)?.bundled)
      this.diagnostics.warning(option, range, message, notes, repairs);
  }

  /** The same for what was found out later: what holds where it stands counts. */
  lateWarning(
    option: Warning,
    range: Range,
    message: string,
    notes: readonly Note[] = [],
    repairs: readonly Repair[] = [],
  ): void {
    if (this.sources.fileAt(range.start)?.bundled) return;
    const levels = this.diagnostics.warnings.at(range, this.sources);
    this.diagnostics.warning(option, range, message, notes, repairs, levels);
  }

  /** An error that can be switched off by its name, wherever it is. @returns whether it is on */
  errorUnless(option: Warning, range: Range, message: string): boolean {
    return this.diagnostics.warning(option, range, message);
  }

  /** Runs `body` in a scope of its own, which reaches as far as `reader` gets. */
  scoped<T>(reader: { readonly lastEnd: Loc }, body: () => T): T {
    const outer = this.scope;
    const inner = new Scope(outer);
    const start = reader.lastEnd;
    this.scope = inner;
    const result = body();
    this.scope = outer;
    this.observer?.scope(inner, { start, end: reader.lastEnd });
    return result;
  }

  /** Runs `body` as if it stood outside functions. */
  atFileScope(body: () => void): void {
    const { scope, function: open, unevaluated, pack } = this;
    this.scope = this.fileScope;
    this.function = null;
    this.unevaluated = 0;
    this.pack = null;
    body();
    this.scope = scope;
    this.function = open;
    this.unevaluated = unevaluated;
    this.pack = pack;
  }

  /** The label of a name as it is seen here: a block's own, or the function's. @param range where it is named */
  labelNamed(name: string, range: Range): LabelEntry {
    for (let scope: Scope | null = this.scope; scope; scope = scope.parent) {
      const own = scope.labels.get(name);
      if (own) return own;
    }
    const known = this.function?.labels.get(name);
    if (known) return known;
    const entry: LabelEntry = { label: { name }, defined: false, used: false, range };
    this.function?.labels.set(name, entry);
    return entry;
  }

  /** The label that a goto names. */
  labelGoneTo(name: string, range: Range): Label {
    const entry = this.labelNamed(name, range);
    entry.used = true;
    return entry.label;
  }

  /** `__label__ name;` */
  declareLabel(name: string, range: Range): void {
    const entry: LabelEntry = { label: { name }, defined: false, used: false, range };
    this.scope.labels.set(name, entry);
    this.function?.localLabels.push(entry);
  }

  /** What a name means here; kernel types and enumerators are found last, if vmlinux.h was included. */
  lookup(name: string): Binding | null {
    for (let scope: Scope | null = this.scope; scope; scope = scope.parent) {
      const binding = scope.find(name);
      if (binding) return binding;
    }
    return this.usesKernelTypes && !this.hiddenKernelNames.has(name) ? this.kernelBinding(name) : null;
  }

  isTypeName(name: string): boolean {
    return this.lookup(name)?.kind === 'typedef';
  }

  private kernelBinding(name: string): Binding | null {
    if (this.unknownToKernel.has(name)) return null;
    const typedef = this.kernel.typedef(name);
    let binding: Binding | null = null;
    if (typedef?.kind === 'typedef') binding = { kind: 'typedef', type: typedef, range: NOWHERE };
    else {
      const found = this.kernel.enumerator(name);
      if (found)
        binding = {
          kind: 'enumerator',
          name,
          of: found.type,
          value: found.value,
          type: enumeratorType(found.value, found.type),
          range: NOWHERE,
        };
    }
    if (binding) this.fileScope.names.set(name, binding);
    else this.unknownToKernel.add(name);
    return binding;
  }

  /** `struct name`, `union name` or `enum name` as visible here, or null. */
  lookupTag(tag: 'struct' | 'union' | 'enum', name: string): TagBinding | null {
    for (let scope: Scope | null = this.scope; scope; scope = scope.parent) {
      const binding = scope.tags.get(name);
      if (binding) return binding;
    }
    if (!this.usesKernelTypes || this.hiddenKernelNames.has(name)) return null;
    const type = tag === 'enum' ? this.kernel.enum(name) : this.kernel.record(tag, name);
    if (!type) return null;
    const binding = { type, range: NOWHERE };
    this.fileScope.tags.set(name, binding);
    return binding;
  }

  /** Names in scope, for did-you-mean. */
  namesInScope(): string[] {
    const names: string[] = [];
    for (let scope: Scope | null = this.scope; scope; scope = scope.parent)
      names.push(...scope.names.keys(), ...scope.deferred.keys());
    return names;
  }

  /** What an identifier was meant to be, out of the scopes and, if that finds nothing, the kernel's enumerators. */
  meant(name: string): string | null {
    const isKernels = this.usesKernelTypes && name.startsWith('bpf_');
    const kernels = isKernels
      ? [...this.kernel.names('func')].filter((other) => other.startsWith('bpf_'))
      : [];
    const here = didYouMean(name, [...this.namesInScope(), ...kernels]);
    return here !== null || !this.usesKernelTypes ? here : didYouMean(name, this.kernel.names('enumerator'));
  }

  /** A note for a name that vmlinux.h could have had. */
  kernelNote(what: string): Note[] {
    return this.usesKernelTypes ? [{ message: `there is no ${what} in this kernel's BTF`, range: null }] : [];
  }

  /** The same for a struct, union or enum that stayed incomplete, with the name that was probably meant. */
  incompleteNote(type: CType): Note[] {
    const bare = unsugar(type);
    if (!this.usesKernelTypes || (bare.kind !== 'record' && bare.kind !== 'enum') || bare.name === '')
      return [];
    const tag = bare.kind === 'enum' ? 'enum' : bare.tag;
    const meant = didYouMean(bare.name, this.kernel.names(tag));
    const hint = meant === null ? '' : `; did you mean '${tag} ${meant}'?`;
    return [
      { message: `there is no complete '${tag} ${bare.name}' in this kernel's BTF${hint}`, range: null },
    ];
  }
}

/** What is said of floating point, which no profile has. */
export const noFloats = ({ profile }: Context): string =>
  `floating point is not available in ${profile.programs}`;

/** Marks an object as used. */
export function reference(context: Context, symbol: ObjectSymbol): void {
  context.mentions.set(symbol, (context.mentions.get(symbol) ?? 0) + 1);
  if (context.unevaluated === 0) symbol.referenced = true;
}

/** Mutable struct, union and enum types: those the program itself declares. */
export class UserRecord implements RecordType {
  readonly kind = 'record';
  readonly tag: 'struct' | 'union';
  readonly name: string;
  readonly btfId = 0;
  layout: RecordType['layout'] = null;
  preserveAccessIndex = false;
  packed = false;
  declTags: readonly string[] = [];

  constructor(tag: 'struct' | 'union', name: string) {
    this.tag = tag;
    this.name = name;
  }
}
export class UserEnum implements EnumType {
  readonly kind = 'enum';
  readonly name: string;
  readonly btfId = 0;
  body: EnumType['body'] = null;
  declTags: readonly string[] = [];

  constructor(name: string) {
    this.name = name;
  }
}

/** A type that a reported mistake left without one. */
export const ERROR_TYPE: CType = INT;
