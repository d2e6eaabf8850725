/**
 * A checked file becomes a module: functions in IR, and objects with their bytes. Internal functions and
 * objects are lowered when something refers to them.
 */
import type { Bytes } from '../../shared/brand.ts';
import type { FuncSymbol, ObjectSymbol, TranslationUnit, VarSymbol } from './ast.ts';
import { arriving } from './lower_abi.ts';
import { isRecord } from './lower_place.ts';
import { isVoid, sizeOf } from './ctype.ts';
import type { CType } from './ctype.ts';
import type { Diagnostics } from './diagnostic.ts';
import { IrFunction, linkPreds } from './ir.ts';
import type { IrSymbol, Width } from './ir.ts';
import { lowerVariable, sizeOfVariable, STRING_SECTION } from './lower_data.ts';
import type { DataObject } from './lower_data.ts';
import { Lowering } from './lower_function.ts';
import { Sizes } from './lower_size.ts';
import { removeUnreachable } from './opt_cfg.ts';
import type { Profile } from './profile.ts';
import { latin1Decode } from '../../shared/utf8.ts';

export interface Module {
  readonly functions: readonly IrFunction[];
  readonly objects: ReadonlyMap<IrSymbol, DataObject>;
  /** The declaration behind a symbol; string literals have none. */
  readonly declarations: ReadonlyMap<IrSymbol, ObjectSymbol>;
}

const widthOf = (type: CType): Width => (isRecord(type) || sizeOf(type) === 8 ? 64 : 32);

export class ModuleLowering {
  readonly diagnostics: Diagnostics;
  readonly profile: Profile;
  readonly sizes = new Sizes();
  private readonly functions = new Map<FuncSymbol, IrFunction>();
  private readonly symbols = new Map<ObjectSymbol, IrSymbol>();
  private readonly declarations = new Map<IrSymbol, ObjectSymbol>();
  private readonly objects = new Map<IrSymbol, DataObject>();
  private readonly strings = new Map<string, IrSymbol>();
  private readonly names = new Set<string>();
  private readonly work: FuncSymbol[] = [];
  private readonly fileScope = new Map<string, ObjectSymbol>();

  constructor(diagnostics: Diagnostics, profile: Profile) {
    this.diagnostics = diagnostics;
    this.profile = profile;
  }

  private declare(
    symbol: ObjectSymbol,
    kind: IrSymbol['kind'],
    name: string,
    size: { readonly size?: Bytes } = {},
  ): IrSymbol {
    let unique = name;
    for (let i = 1; this.names.has(unique); i++) unique = `${name}.${i}`;
    this.names.add(unique);
    const made: IrSymbol = { name: unique, kind, ...size };
    this.symbols.set(symbol, made);
    this.declarations.set(made, symbol);
    return made;
  }

  function(symbol: FuncSymbol): IrSymbol {
    const known = this.symbols.get(symbol);
    if (known) return known;
    if (!symbol.definition) return this.declare(symbol, 'extern', symbol.name);
    this.work.push(symbol);
    return this.declare(symbol, 'function', symbol.name);
  }

  variable(symbol: VarSymbol): IrSymbol {
    const known = this.symbols.get(symbol);
    if (known) return known;
    if (symbol.storage === 'extern') return this.declare(symbol, 'extern', symbol.name);
    const name = symbol.owner ? `${symbol.owner.name}.${symbol.name}` : symbol.name || '.compoundliteral';
    const made = this.declare(symbol, 'data', name, { size: sizeOfVariable(symbol) });
    this.objects.set(made, lowerVariable(this, symbol, made));
    return made;
  }

  /** What assembly text calls by its name, or null. */
  named(name: string): IrSymbol | null {
    const symbol = this.fileScope.get(name);
    if (!symbol) return null;
    return symbol.kind === 'func' ? this.function(symbol) : this.variable(symbol);
  }

  /** A string literal; equal ones are one object. */
  string(bytes: Uint8Array): IrSymbol {
    const key = latin1Decode(bytes);
    let symbol = this.strings.get(key);
    if (!symbol) {
      symbol = { name: `.L.str.${this.strings.size}`, kind: 'data', size: bytes.length };
      this.strings.set(key, symbol);
      this.objects.set(symbol, {
        symbol,
        section: STRING_SECTION,
        size: bytes.length,
        align: 1,
        bytes,
        relocs: [],
        variable: null,
        kept: false,
        constant: true,
      });
    }
    return symbol;
  }

  private lowerFunction(symbol: FuncSymbol): void {
    const def = symbol.definition;
    if (!def || this.functions.has(symbol)) return;
    const params = def.params.map((param) => widthOf(param.type));
    if (isRecord(symbol.signature.result)) params.unshift(64);
    const { extended } = this.profile;
    const arrive = extended ? arriving(params, symbol.signature) : params;
    const fn = new IrFunction(symbol.name, this.function(symbol), arrive);
    this.functions.set(symbol, fn);
    const { attributes } = symbol;
    fn.loc = def.loc;
    fn.internal = symbol.storage === 'static' && !attributes.used && attributes.section === null;
    const outside = attributes.noinline || attributes.naked || attributes.weak || attributes.section !== null;
    fn.inline = attributes.alwaysInline ? 'always' : outside ? 'never' : 'maybe';
    if (!extended && params.length > 5 && fn.inline !== 'always' && !isVoid(symbol.signature.result))
      this.diagnostics.warning(
        'bpf-inline',
        symbol.range,
        `'${symbol.name}' has more than 5 parameters: it must be inlined`,
      );
    new Lowering(this, fn, def).run();
    linkPreds(fn);
    removeUnreachable(fn);
  }

  /**
   * Lowers in clang's order, which decides where objects stand in their sections: what is visible outside as
   * it is defined, what a body or an initialiser names at its first use, internal functions after that, and
   * definitions without an initialiser that nobody named at the end.
   */
  run(unit: TranslationUnit): Module {
    for (const symbol of [...unit.externs, ...unit.functions, ...unit.variables])
      this.fileScope.set(symbol.name, symbol);
    const visible = (symbol: ObjectSymbol): boolean =>
      symbol.storage === 'global' || symbol.attributes.used || symbol.attributes.section !== null;
    const functions = unit.functions.filter(
      (symbol) => symbol.definition && (symbol.storage !== 'static' || visible(symbol)),
    );
    const variables = unit.variables.filter(
      (symbol) => symbol.storage === 'global' || symbol.attributes.used,
    );
    const defined = [...functions, ...variables.filter(({ init }) => init)];
    const place = (symbol: ObjectSymbol): number =>
      symbol.kind === 'func' ? (symbol.definition?.loc ?? 0) : symbol.range.start;
    for (const symbol of defined.sort((a, b) => place(a) - place(b)))
      if (symbol.kind === 'var') this.variable(symbol);
      else {
        this.function(symbol);
        this.lowerFunction(symbol);
      }
    const internal = (): void => {
      for (let symbol = this.work.shift(); symbol; symbol = this.work.shift()) this.lowerFunction(symbol);
    };
    internal();
    for (const symbol of variables) this.variable(symbol);
    internal();
    const order = new Map(unit.functions.map((symbol, i) => [symbol, i]));
    const lowered = [...this.functions].sort(([a], [b]) => (order.get(a) ?? 0) - (order.get(b) ?? 0));
    return {
      functions: lowered.map(([, fn]) => fn),
      objects: this.objects,
      declarations: this.declarations,
    };
  }
}
