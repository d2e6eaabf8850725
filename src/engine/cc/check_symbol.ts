/** Declaring things: what a declaration adds to the scope and the unit, and whether it agrees with an earlier one. */
import type { FuncSymbol, Initializer, SymbolAttributes, VarSymbol } from './ast.ts';
import * as C from './ctype.ts';
import type { CType } from './ctype.ts';
import { typeText } from './ctype_text.ts';
import { evaluate, evaluateInt } from './const_eval.ts';
import type { Context } from './check_context.ts';
import { mergeSymbolAttributes } from './parse_attr.ts';
import type { Range } from './source.ts';

export const NO_SYMBOL_ATTRIBUTES: SymbolAttributes = {
  section: null,
  weak: false,
  visibility: 'default',
  used: false,
  unused: false,
  aligned: null,
  noinline: false,
  alwaysInline: false,
  naked: false,
  noreturn: false,
  declTags: [],
};

export interface NewSymbol {
  readonly name: string;
  readonly type: CType;
  readonly range: Range;
  readonly attributes: SymbolAttributes;
}

const isBuiltinPlace = (context: Context, range: Range): boolean =>
  context.sources.fileAt(range.start)?.bundled ?? true;

function reportRedeclaration(context: Context, name: string, range: Range, old: Range, why: string): void {
  context.error(range, `${why} '${name}'`, [{ message: 'previous declaration is here', range: old }]);
}

/** `typedef ... name` */
export function declareTypedef(context: Context, made: NewSymbol): void {
  const { name, type, range } = made;
  const here = context.scope.find(name);
  if (here?.kind === 'typedef' && !C.sameType(here.type, type))
    context.error(
      range,
      `typedef redefinition with different types ('${typeText(type)}' vs '${typeText(here.type.to)}')`,
    );
  else if (here && here.kind !== 'typedef')
    context.error(range, `redefinition of '${name}' as a different kind of symbol`);
  const typedef: C.TypedefType = { kind: 'typedef', name, to: type, declTags: made.attributes.declTags };
  const binding = { kind: 'typedef', type: typedef, range } as const;
  context.scope.names.set(name, binding);
  if (!made.attributes.unused) context.function?.typedefs.set(typedef, range);
  context.observer?.name(range, binding, 'declaration');
}

/** A function's declaration or the head of its definition. */
export function declareFunction(
  context: Context,
  made: NewSymbol,
  storage: 'extern' | 'static',
  inline: boolean,
): FuncSymbol {
  const { name, type, range } = made;
  const signature = C.unsugar(type);
  const old = context.fileScope.find(name);
  if (old?.kind === 'object' && old.symbol.kind === 'func') {
    const symbol = old.symbol;
    context.observer?.name(range, old, 'declaration');
    if (!C.sameType(symbol.type, type) && symbol.range.start !== 0)
      reportRedeclaration(context, name, range, symbol.range, 'conflicting types for');
    else if (storage === 'static' && symbol.storage !== 'static' && symbol.range.start !== 0)
      reportRedeclaration(
        context,
        name,
        range,
        symbol.range,
        'static declaration follows non-static declaration of',
      );
    symbol.attributes = mergeSymbolAttributes(symbol.attributes, made.attributes);
    if (storage === 'static') symbol.storage = 'static';
    symbol.inline ||= inline;
    if (signature.kind === 'function' && (symbol.signature.unprototyped || symbol.definition === null)) {
      symbol.type = type;
      symbol.signature = signature;
    }
    context.scope.names.set(name, old);
    return symbol;
  }
  if (old) context.error(range, `redefinition of '${name}' as a different kind of symbol`);
  const symbol: FuncSymbol = {
    kind: 'func',
    name,
    type,
    signature:
      signature.kind === 'function'
        ? signature
        : { kind: 'function', result: C.INT, params: [], variadic: false, unprototyped: true },
    storage,
    inline,
    attributes: made.attributes,
    definition: null,
    builtin: isBuiltinPlace(context, range),
    range,
    referenced: false,
  };
  context.fileScope.names.set(name, { kind: 'object', symbol });
  if (context.scope !== context.fileScope) context.scope.names.set(name, { kind: 'object', symbol });
  if (storage === 'extern') context.externs.push(symbol);
  context.observer?.name(range, { kind: 'object', symbol }, 'declaration');
  return symbol;
}

/** A kfunc that the kernel's BTF declares and the program did not: as a dumped vmlinux.h would. */
export function kernelFunction(context: Context, name: string, range: Range): FuncSymbol | null {
  const type = context.usesKernelTypes ? context.kernel.kfunc(name) : null;
  if (!type) return null;
  const attributes = { ...NO_SYMBOL_ATTRIBUTES, section: '.ksyms', weak: true };
  const scope = context.scope;
  context.scope = context.fileScope;
  const symbol = declareFunction(context, { name, type, range, attributes }, 'extern', false);
  context.scope = scope;
  return symbol;
}

/** The number of the helper that `T (*const f)(...) = (void *)N` declares, or null. */
function helperNumber(type: CType, init: Initializer | null): number | null {
  const to = C.pointee(type);
  if (init?.kind !== 'value' || to === null || C.unsugar(to).kind !== 'function') return null;
  if (!C.qualifiersOf(type).isConst) return null;
  const value = evaluateInt(init.value);
  return value === null ? null : Number(BigInt.asUintN(32, value));
}

/** A variable at file scope, or one declared `extern` in a block. */
export function declareGlobal(
  context: Context,
  made: NewSymbol,
  storage: 'global' | 'static' | 'extern',
): VarSymbol {
  const { name, type, range } = made;
  const old = context.fileScope.find(name);
  if (old?.kind === 'object' && old.symbol.kind === 'var') {
    const symbol = old.symbol;
    context.observer?.name(range, old, 'declaration');
    if (!C.sameType(symbol.type, type))
      reportRedeclaration(context, name, range, symbol.range, 'conflicting types for');
    const known = C.sizeOf(symbol.type) === null ? type : symbol.type;
    symbol.type = known;
    symbol.attributes = mergeSymbolAttributes(symbol.attributes, made.attributes);
    if (symbol.storage === 'extern' && storage !== 'extern') {
      symbol.storage = storage;
      context.externs.splice(context.externs.indexOf(symbol), 1);
      context.variables.push(symbol);
    }
    if (context.scope !== context.fileScope) context.scope.names.set(name, old);
    return symbol;
  }
  if (old) context.error(range, `redefinition of '${name}' as a different kind of symbol`);
  const symbol: VarSymbol = newVariable(context, made, storage);
  context.fileScope.names.set(name, { kind: 'object', symbol });
  if (context.scope !== context.fileScope) context.scope.names.set(name, { kind: 'object', symbol });
  (storage === 'extern' ? context.externs : context.variables).push(symbol);
  context.observer?.name(range, { kind: 'object', symbol }, 'declaration');
  return symbol;
}

function newVariable(context: Context, made: NewSymbol, storage: VarSymbol['storage']): VarSymbol {
  return {
    kind: 'var',
    name: made.name,
    type: made.type,
    storage,
    attributes: made.attributes,
    owner: null,
    init: null,
    cleanup: null,
    helper: null,
    builtin: isBuiltinPlace(context, made.range),
    range: made.range,
    referenced: false,
  };
}

/** A variable in a block, automatic or static. */
export function declareLocal(context: Context, made: NewSymbol, storage: 'local' | 'static'): VarSymbol {
  const here = context.scope.find(made.name);
  const symbol = newVariable(context, made, storage);
  if (storage === 'local' && C.qualifiersOf(made.type).addressSpace !== 0)
    context.error(made.range, 'automatic variable qualified with an address space');
  if (here)
    context.error(made.range, `redefinition of '${made.name}'`, [
      {
        message: 'previous definition is here',
        range: here.kind === 'object' ? here.symbol.range : here.range,
      },
    ]);
  context.scope.names.set(made.name, { kind: 'object', symbol });
  context.observer?.name(made.range, { kind: 'object', symbol }, 'declaration');
  context.function?.variables.push(symbol);
  if (storage === 'static') {
    symbol.owner = context.function?.symbol ?? null;
    context.variables.push(symbol);
  }
  return symbol;
}

/** Reports values in a static object's initialiser that are not constant. */
export function requireConstant(context: Context, symbol: VarSymbol): void {
  const { init } = symbol;
  const values = init === null ? [] : init.kind === 'value' ? [init.value] : init.entries.map((e) => e.value);
  for (const value of values)
    if (value.kind !== 'string' && evaluate(value) === null) {
      context.error(value.range, `the initializer of '${symbol.name}' is not a compile-time constant`);
      return;
    }
}

/** Gives a variable its checked initialiser. */
export function initialize(
  context: Context,
  symbol: VarSymbol,
  init: Initializer | null,
  range: Range,
): void {
  if (symbol.init) context.error(range, `redefinition of '${symbol.name}'`);
  symbol.init = init;
  if (symbol.storage === 'local') return;
  requireConstant(context, symbol);
  symbol.helper = helperNumber(symbol.type, init);
}
