/** Declarations and function definitions, at file scope and in blocks. */
import type { FuncSymbol, Stmt, VarSymbol } from './ast.ts';
import * as C from './ctype.ts';
import type { CType } from './ctype.ts';
import { typeText } from './ctype_text.ts';
import { evaluateInt } from './const_eval.ts';
import { noFloats, OpenFunction, reference } from './check_context.ts';
import { isError, rvalue } from './check_convert.ts';
import { checkBody } from './check_names.ts';
import { completes } from './check_return.ts';
import { checkInitializer } from './check_init.ts';
import type { InitSyntax } from './check_init.ts';
import {
  declareFunction,
  declareGlobal,
  declareLocal,
  declareTypedef,
  initialize,
  kernelFunction,
} from './check_symbol.ts';
import { headerOf, includeRepair, missingHeader } from './known_names.ts';
import { mergeSymbolAttributes, symbolAttributes } from './parse_attr.ts';
import type { Attributes } from './parse_attr.ts';
import { rangeOf } from './parse_cursor.ts';
import { isDeclarator, parseDeclarator } from './parse_declarator.ts';
import type { Declarator } from './parse_declarator.ts';
import { parseConstant } from './parse_expr.ts';
import { parseInitializer } from './parse_init.ts';
import type { Parser } from './parser.ts';
import { KEYWORDS, parseSpecifiers } from './parse_type.ts';
import type { Specifiers } from './parse_type.ts';
import { parseBody } from './parse_stmt.ts';
import { stringBytes } from './literal.ts';
import { latin1Decode } from '../../shared/utf8.ts';

/** `_Static_assert(expr, "message");` */
export function parseStaticAssert(p: Parser): void {
  const start = p.advance().loc;
  p.expect('(');
  const expr = rvalue(parseConstant(p));
  let message = '';
  if (p.accept(','))
    while (p.token.kind === 'string') message += latin1Decode(stringBytes(p.advance().text).bytes);
  p.expect(')');
  const value = isError(expr) ? 1n : evaluateInt(expr);
  if (value === null) p.context.error(expr.range, 'the condition of a static assertion is not constant');
  else if (value === 0n)
    p.context.error(p.since(start), `static assertion failed${message === '' ? '' : `: ${message}`}`);
  p.expect(';');
}

/** A declaration in a block: one statement for each variable, in order. */
export function parseDeclaration(p: Parser): Stmt[] {
  const statements: Stmt[] = [];
  const specifiers = parseSpecifiers(p);
  if (!p.accept(';')) {
    declarators(p, specifiers, (symbol, range) => statements.push({ kind: 'decl', symbol, range }));
  }
  return statements;
}

/** A declaration or function definition at file scope. */
export function parseExternal(p: Parser): void {
  if (p.accept(';')) return;
  if (p.is('_Static_assert')) {
    parseStaticAssert(p);
    return;
  }
  if ((p.is('asm') || p.is('__asm__')) && p.peek().text === '(') {
    p.context.error(rangeOf(p.token), 'asm outside of a function is not supported');
    p.recover(';', '}');
    p.accept(';');
    return;
  }
  reportUnknownMacro(p);
  const specifiers = parseSpecifiers(p);
  if (p.accept(';')) {
    if (!specifiers.declaresTag)
      p.context.warning(
        'missing-declarations',
        p.since(specifiers.start),
        'declaration does not declare anything',
      );
    return;
  }
  declarators(p, specifiers, () => undefined);
}

/** `SEC("...")` before a declaration, without the header that has it. */
function reportUnknownMacro(p: Parser): void {
  const { context, token } = p;
  if (token.kind !== 'identifier' || KEYWORDS.has(token.text) || p.peek().text !== '(') return;
  if (context.lookup(token.text)) return;
  const header = headerOf(context, token.text);
  if (header === null) return;
  p.advance();
  const range = rangeOf(token);
  const note = missingHeader(token.text, header);
  context.error(range, `'${token.text}' is not declared`, [note], includeRepair(context, header));
  p.skipBalanced();
}

type OnLocal = (symbol: VarSymbol, range: { start: number; end: number }) => void;

/** Reads `a = 1, *b, c[3];`, or a function's definition. */
function declarators(p: Parser, specifiers: Specifiers, onLocal: OnLocal): void {
  for (let first = true; ; first = false) {
    const start = first ? specifiers.start : p.token.loc;
    if (!isDeclarator(p)) {
      p.context.error(rangeOf(p.token), `expected a name${p.atEnd ? '' : `, not '${p.token.text}'`}`);
      p.recover(';', '}');
      break;
    }
    const declarator = parseDeclarator(p, specifiers.type);
    if (declarator.name === null) {
      p.context.error(rangeOf(p.token), 'expected a name in the declaration');
      p.recover(';', '}', ',');
    } else if (first && p.is('{') && C.unsugar(declarator.type).kind === 'function') {
      defineFunction(p, specifiers, declarator);
      return;
    } else declareOne(p, specifiers, declarator, start, onLocal);
    if (!p.accept(',')) break;
  }
  if (p.expect(';', ' after the declaration')) return;
  if (p.token.bol && !p.is('{')) return;
  if (p.is('{')) p.skipBalanced();
  else {
    p.recover(';', '}');
    p.accept(';');
  }
}

const bothAttributes = (specifiers: Specifiers, declarator: Declarator): Attributes => ({
  ...specifiers.attributes,
  cleanup: declarator.attributes.cleanup ?? specifiers.attributes.cleanup,
});

function declareOne(
  p: Parser,
  specifiers: Specifiers,
  declarator: Declarator,
  start: number,
  onLocal: OnLocal,
): void {
  const { context } = p;
  const { name } = declarator;
  if (!name) return;
  const attributes = mergeSymbolAttributes(
    symbolAttributes(specifiers.attributes),
    symbolAttributes(declarator.attributes),
  );
  const range = rangeOf(name);
  const made = { name: name.text, type: declarator.type, range, attributes };
  if (specifiers.storage === 'typedef') {
    let { type } = declarator;
    for (const tag of declarator.attributes.typeTags) type = { kind: 'tagged', tag, of: type };
    declareTypedef(context, { ...made, type });
    return;
  }
  if (C.unsugar(declarator.type).kind === 'function') {
    const storage = specifiers.storage === 'static' ? 'static' : 'extern';
    declareFunction(context, made, storage, specifiers.inline);
    if (p.is('=')) {
      context.error(rangeOf(p.token), `'${name.text}' is a function and cannot be initialized`);
      p.recover(';', ',', '}');
    }
    return;
  }
  const atFile = context.function === null;
  const isExtern = specifiers.storage === 'extern' && !p.is('=');
  if (atFile || isExtern) {
    const storage = isExtern ? 'extern' : specifiers.storage === 'static' ? 'static' : 'global';
    const symbol = declareGlobal(context, made, storage);
    finishVariable(p, symbol, specifiers, isExtern, range);
    return;
  }
  const symbol = declareLocal(context, made, specifiers.storage === 'static' ? 'static' : 'local');
  symbol.cleanup = cleanupFunction(p, bothAttributes(specifiers, declarator));
  chooseRegister(p, symbol, specifiers, declarator);
  finishVariable(p, symbol, specifiers, false, range);
  if (symbol.storage === 'local' || (symbol.storage === 'static' && symbol.owner))
    onLocal(symbol, p.since(start));
}

/** `register ... asm("r1")` */
function chooseRegister(
  p: Parser,
  symbol: VarSymbol,
  { storage }: Specifiers,
  { attributes }: Declarator,
): void {
  const { register } = attributes;
  if (!register) return;
  const name = register.text.slice(1, -1);
  if (storage === 'auto') symbol.register = Number(name.slice(1));
  else p.context.warning(null, rangeOf(register), `ignored asm label '${name}' on automatic variable`);
}

/** The array that libbpf's printing macros make of their format. */
const isFormat = ({ name }: VarSymbol): boolean => name === '___fmt';
const NO_FORMAT =
  'the format must be a string literal; what prints stands before it: BPF_SEQ_PRINTF(seq, "...", ...)';

/** The initialiser, if there is one, and the checks that need the complete type. */
function finishVariable(
  p: Parser,
  symbol: VarSymbol,
  specifiers: Specifiers,
  isExtern: boolean,
  range: { start: number; end: number },
): void {
  const { context } = p;
  if (p.accept('=')) {
    const start = p.token.loc;
    const syntax = parseInitializer(p);
    if (specifiers.isAuto) symbol.type = autoType(p, syntax);
    const bare = C.unsugar(symbol.type);
    if (bare.kind !== 'array' && C.sizeOf(symbol.type) === null) reportIncomplete(p, symbol, range);
    else if (isFormat(symbol) && syntax.kind === 'expr' && syntax.expr.kind !== 'string') {
      symbol.type = C.arrayOf(C.CHAR, 1);
      if (!isError(syntax.expr)) context.error(syntax.expr.range, NO_FORMAT);
    } else {
      const { init, type } = checkInitializer(context, symbol.type, syntax);
      symbol.type = type;
      initialize(context, symbol, init, p.since(start));
    }
  } else if (specifiers.isAuto)
    context.error(range, `'${symbol.name}' with __auto_type needs an initializer`);
  const bare = C.unsugar(symbol.type);
  if (bare.kind === 'float') context.error(range, noFloats(context));
  if (isExtern) return;
  if (bare.kind === 'void') {
    context.error(range, `variable '${symbol.name}' has type void`);
    symbol.type = C.INT;
  } else if (C.sizeOf(symbol.type) === null) {
    if (bare.kind === 'array' && symbol.storage === 'global') {
      // A tentative definition of unknown length has one element, as clang assumes.
      symbol.type = C.arrayOf(bare.of, 1);
    } else reportIncomplete(p, symbol, range);
  }
}

function autoType(p: Parser, syntax: InitSyntax): CType {
  if (syntax.kind === 'expr') return C.unqualified(rvalue(syntax.expr).type);
  p.context.error(syntax.range, '__auto_type cannot be deduced from a list');
  return C.INT;
}

function reportIncomplete(p: Parser, symbol: VarSymbol, range: { start: number; end: number }): void {
  const { context } = p;
  const bare = C.unsugar(symbol.type);
  const text = typeText(symbol.type);
  if (bare.kind === 'array') context.error(range, `array '${symbol.name}' needs a size or an initializer`);
  else
    context.error(
      range,
      `variable '${symbol.name}' has incomplete type '${text}'`,
      context.incompleteNote(symbol.type),
    );
  symbol.type = C.INT;
}

/** The function that cleanup(f) names. */
function cleanupFunction(p: Parser, attributes: Attributes): FuncSymbol | null {
  const { context } = p;
  const token = attributes.cleanup;
  if (!token) return null;
  const binding = context.lookup(token.text);
  const found =
    binding?.kind === 'object' && binding.symbol.kind === 'func'
      ? binding.symbol
      : binding
        ? null
        : kernelFunction(context, token.text, rangeOf(token));
  if (found) reference(context, found);
  else context.error(rangeOf(token), `cleanup: '${token.text}' is not a function`);
  return found;
}

/** From the `{` of a function's body on. */
function defineFunction(p: Parser, specifiers: Specifiers, declarator: Declarator): void {
  const { context } = p;
  const { name } = declarator;
  if (!name) return;
  if (context.function) {
    context.error(rangeOf(name), 'a function cannot be defined inside another');
    p.skipBalanced();
    return;
  }
  const attributes = mergeSymbolAttributes(
    symbolAttributes(specifiers.attributes),
    symbolAttributes(declarator.attributes),
  );
  const made = { name: name.text, type: declarator.type, range: rangeOf(name), attributes };
  const symbol = declareFunction(
    context,
    made,
    specifiers.storage === 'static' ? 'static' : 'extern',
    specifiers.inline,
  );
  if (symbol.definition)
    context.error(rangeOf(name), `redefinition of '${name.text}'`, [
      { message: 'previous definition is here', range: symbol.range },
    ]);
  const params = declarator.params ?? [];
  checkSignature(p, symbol, params, rangeOf(name));
  // The names and types of the definition's own parameters count from here on.
  const signature = C.unsugar(declarator.type);
  if (signature.kind === 'function') {
    symbol.signature = signature;
    symbol.type = declarator.type;
  }
  const { errors } = context.diagnostics;
  const open = new OpenFunction(symbol);
  context.function = open;
  const body = context.scoped(p, () => {
    for (const param of params) {
      if (param.name === '') continue;
      context.scope.names.set(param.name, { kind: 'object', symbol: param });
      context.observer?.name(param.range, { kind: 'object', symbol: param }, 'declaration');
    }
    return parseBody(p);
  });
  context.function = null;
  for (const entry of [...open.labels.values(), ...open.localLabels])
    if (!entry.defined) context.error(entry.range, `use of undeclared label '${entry.label.name}'`);
  if (context.diagnostics.errors === errors) {
    checkEnd(p, symbol, body);
    checkBody(context, open, body);
  }
  if (symbol.definition) return;
  symbol.definition = { symbol, params, body, loc: name.loc, endLoc: Math.max(name.loc, p.lastEnd - 1) };
  if (symbol.storage === 'extern') {
    symbol.storage = 'global';
    const at = context.externs.indexOf(symbol);
    if (at >= 0) context.externs.splice(at, 1);
  }
  context.functions.push(symbol);
}

/** Warns where a function ends that should have returned a value. */
function checkEnd(p: Parser, { name, signature, attributes }: FuncSymbol, body: Stmt): void {
  const { context, lastEnd: end } = p;
  const isFree = C.isVoid(signature.result) || attributes.naked || attributes.noreturn;
  if (isFree || (name === 'main' && context.profile.name === 'user')) return;
  if (completes(body))
    context.warning(
      'return-type',
      { start: end - 1, end },
      'non-void function does not return a value in all control paths',
    );
}

function checkSignature(
  p: Parser,
  symbol: FuncSymbol,
  params: readonly VarSymbol[],
  range: { start: number; end: number },
): void {
  const { context } = p;
  const result = C.unsugar(symbol.signature.result);
  if (result.kind === 'record' && result.layout === null)
    context.error(range, `result type '${typeText(result)}' is incomplete`);
  if (symbol.signature.variadic && !context.profile.extended)
    context.error(range, `'${symbol.name}' is variadic: BPF functions cannot be`);
  for (const param of params) {
    if (C.sizeOf(param.type) === null)
      context.error(param.range, `parameter '${param.name}' has incomplete type '${typeText(param.type)}'`);
  }
}
