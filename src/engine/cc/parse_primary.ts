/** Primary and postfix expressions: names, literals, calls, members, subscripts, statement expressions. */
import {
  foreign,
  headerOf,
  includeRepair,
  insteadOf,
  missingHeader,
  throughParameter,
} from './known_names.ts';
import type { Expr, ObjectSymbol } from './ast.ts';
import * as C from './ctype.ts';
import { declarationText, typeText } from './ctype_text.ts';
import { hintText } from './did_you_mean.ts';
import { renamed } from './diagnostic.ts';
import type { Note } from './diagnostic.ts';
import { CALL_BUILTINS, SYNTAX_BUILTINS } from './builtins.ts';
import { evaluateInt } from './const_eval.ts';
import { checkDeref, checkIndex, checkMember } from './check_access.ts';
import { checkBuiltinCall } from './check_builtin.ts';
import { floatExpr } from './check_float.ts';
import { checkCall } from './check_call.ts';
import { noFloats, reference } from './check_context.ts';
import { errorExpr, explicitCast, intExpr, isError, rvalue } from './check_convert.ts';
import { checkArithmetic, checkAssign, checkIncDec } from './check_expr.ts';
import { kernelFunction } from './check_symbol.ts';
import type { Token } from './lex.ts';
import { charConstant, floatLiteral, integerLiteral, stringBytes } from './literal.ts';
import { rangeOf } from './parse_cursor.ts';
import type { Parser } from './parser.ts';
import { parseAssignment, parseExpression } from './parse_expr.ts';
import { parseStatementExpression } from './parse_stmt.ts';
import { SLOT_BYTES } from './profile.ts';
import { KEYWORDS, parseTypeName, startsType } from './parse_type.ts';
import { latin1Encode } from '../../shared/utf8.ts';
import type { Loc, Range } from './source.ts';

const MAX_CHAIN = 1000;
/** C library functions that are builtins when a program declares them itself. */
const LIBRARY: Readonly<Record<string, string>> = {
  memcpy: '__builtin_memcpy',
  memmove: '__builtin_memmove',
  memset: '__builtin_memset',
  memcmp: '__builtin_memcmp',
};

/** A primary expression (or `first`, already read) and what follows it: `[i]`, `(args)`, `.m`, `->m`, `++`. */
export function parsePostfix(p: Parser, first: Expr | null = null): Expr {
  let expr = first ?? parsePrimary(p);
  for (let n = 0; p.token.kind === 'punct'; n++) {
    const { start } = expr.range;
    const { text } = p.token;
    if (n > MAX_CHAIN) {
      p.context.error(rangeOf(p.token), `expression has more than ${MAX_CHAIN} operators in a row`);
      p.recover(';', '}');
      return errorExpr(p.since(start));
    }
    if (text === '[') {
      p.advance();
      const index = parseExpression(p);
      if (!p.expect(']')) p.recover(';', ']', '}');
      expr = checkIndex(p.context, expr, index, p.since(start));
    } else if (text === '(') {
      // A statement expression, perhaps a macro's: a semicolon is missing before it.
      if (p.peek().text === '{') return expr;
      const args = parseArguments(p);
      expr = checkCall(p.context, expr, args, p.since(start));
    } else if (text === '.' || text === '->') {
      p.advance();
      p.context.observer?.access(p.token.loc, expr.type);
      const name = p.token;
      if (name.kind !== 'identifier') {
        p.context.error(rangeOf(name), `expected the name of a member after '${text}'`);
        return errorExpr(p.since(start));
      }
      p.advance();
      expr = checkMember(p.context, expr, text === '->', name.text, rangeOf(name));
    } else if (text === '++' || text === '--') {
      p.advance();
      expr = checkIncDec(p.context, text, false, expr, p.since(start));
    } else break;
  }
  return expr;
}

/** `(a, b, c)` */
function parseArguments(p: Parser): Expr[] {
  const args: Expr[] = [];
  p.advance();
  if (p.accept(')')) return args;
  do args.push(parseAssignment(p));
  while (p.accept(','));
  if (!p.expect(')')) {
    p.recover(')', ';');
    p.accept(')');
    args.push(errorExpr(rangeOf(p.token)));
  }
  return args;
}

function parsePrimary(p: Parser): Expr {
  const { token } = p;
  switch (token.kind) {
    case 'number':
      p.advance();
      return numberLiteral(p, token);
    case 'char': {
      p.advance();
      const { value, error } = charConstant(token.text);
      if (error !== null) p.context.error(rangeOf(token), error);
      return intExpr(value, C.INT, rangeOf(token));
    }
    case 'string':
      return parseString(p);
    case 'identifier':
      if (token.text === '_Generic') return parseGeneric(p);
      if (!KEYWORDS.has(token.text)) return parseName(p);
      break;
    case 'punct':
      if (token.text === '(') return parseParenthesized(p);
      break;
    case 'other':
    case 'eof':
      break;
  }
  p.context.error(
    rangeOf(token),
    token.kind === 'eof'
      ? 'expected an expression before the end of the file'
      : `expected an expression, not '${token.text}'`,
  );
  if (token.kind === 'other') p.advance();
  return errorExpr(rangeOf(token));
}

function parseParenthesized(p: Parser): Expr {
  const start = p.token.loc;
  if (p.peek().text === '{' && p.peek().kind === 'punct') return parseStatementExpression(p);
  p.advance();
  const inner = parseExpression(p);
  if (!p.expect(')')) {
    p.recover(')', ';', '}');
    p.accept(')');
  }
  return { ...inner, range: p.since(start) };
}

/** The types that a number may have, in the order in which they are tried. */
const LADDER: readonly (readonly [C.IntType, C.IntType])[] = [
  [C.INT, C.UINT],
  [C.LONG, C.ULONG],
  [C.LLONG, C.ULLONG],
];

function numberLiteral(p: Parser, token: Token): Expr {
  const range = rangeOf(token);
  const literal = integerLiteral(token.text);
  if (!literal) {
    const real = floatLiteral(token.text);
    const float = real === null ? null : floatExpr(real, range);
    if (float) return float;
    const isFloat = /^(?:0[xX][0-9a-fA-F.]*[pP]|[0-9]*\.|[0-9]+[eE])/.test(token.text);
    p.context.error(range, isFloat ? noFloats(p.context) : `'${token.text}' is not a number of C`);
    return errorExpr(range);
  }
  const { value, unsigned, longs, decimal } = literal;
  for (let i: number = longs; i < LADDER.length; i++) {
    const [s, u] = LADDER[i]!;
    const bits = s.size * 8;
    if (!unsigned && BigInt.asIntN(bits, value) === value) return intExpr(value, s, range);
    if ((unsigned || !decimal) && BigInt.asUintN(bits, value) === value) return intExpr(value, u, range);
  }
  if (value < 2n ** 64n) return intExpr(value, C.ULLONG, range);
  p.context.error(range, 'integer literal is too large for any integer type');
  return errorExpr(range);
}

/** Adjacent string literals become one. */
function parseString(p: Parser): Expr {
  const start = p.token.loc;
  const pieces: Uint8Array[] = [];
  while (p.token.kind === 'string') {
    const token = p.advance();
    const { bytes, error } = stringBytes(token.text);
    if (error !== null && error.startsWith('wide')) p.context.error(rangeOf(token), error);
    else if (error !== null) p.context.warning('unknown-escape-sequence', rangeOf(token), error);
    pieces.push(bytes);
  }
  const size = pieces.reduce((sum, piece) => sum + piece.length, 1);
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return { kind: 'string', bytes, type: C.arrayOf(C.CHAR, size), range: p.since(start), loc: start };
}

const refTo = (symbol: ObjectSymbol, range: Range): Expr => ({
  kind: 'ref',
  symbol,
  type: symbol.type,
  range,
  loc: range.start,
});

function parseName(p: Parser): Expr {
  const { context } = p;
  const token = p.advance();
  const range = rangeOf(token);
  const binding = context.lookup(token.text);
  if (binding) context.observer?.name(range, binding, 'use');
  if (binding?.kind === 'object') {
    const isLibrary = binding.symbol.storage === 'extern' && p.is('(') && !context.profile.extended;
    const library = isLibrary ? LIBRARY[token.text] : undefined;
    if (library !== undefined) return builtinCall(p, library, token.loc);
    reference(context, binding.symbol);
    return refTo(binding.symbol, range);
  }
  if (binding?.kind === 'enumerator')
    return {
      ...intExpr(binding.value, binding.type, range),
      enumerator: { type: binding.of, name: binding.name },
    };
  if (binding?.kind === 'typedef') {
    context.error(range, `'${token.text}' is a type: an expression is needed here`);
    return errorExpr(range);
  }
  if (CALL_BUILTINS.has(token.text) && p.is('(')) return builtinCall(p, token.text, token.loc);
  if (SYNTAX_BUILTINS.has(token.text)) return syntaxBuiltin(p, token);
  if (token.text === '__func__' || token.text === '__FUNCTION__' || token.text === '__PRETTY_FUNCTION__') {
    const bytes = latin1Encode((context.function?.symbol.name ?? '') + '\0');
    return { kind: 'string', bytes, type: C.arrayOf(C.CHAR, bytes.length), range, loc: token.loc };
  }
  const kfunc = kernelFunction(context, token.text, range);
  if (kfunc) {
    reference(context, kfunc);
    context.observer?.name(range, { kind: 'object', symbol: kfunc }, 'use');
    return refTo(kfunc, range);
  }
  const isCall = p.is('(');
  const header = headerOf(context, token.text);
  const notes = header ? [missingHeader(token.text, header)] : knownElsewhere(p, token.text, isCall);
  const member = isCall || notes.length > 0 ? null : throughParameter(context, token.text);
  const meant = notes.length > 0 ? null : (member ?? context.meant(token.text));
  if (isCall) parseArguments(p);
  context.error(
    range,
    `${isCall ? 'call to undeclared function' : 'use of undeclared identifier'} '${token.text}'${hintText(meant)}`,
    notes,
    header ? includeRepair(context, header) : renamed(range, meant),
    isCall ? 'implicit-function-declaration' : null,
  );
  return errorExpr(range);
}

/** What would declare a name that is not declared: vmlinux.h, or an extern of a kernel function. */
function knownElsewhere(p: Parser, name: string, isCall: boolean): Note[] {
  const { context } = p;
  if (!context.usesKernelTypes && (context.kernel.enumerator(name) || context.kernel.typedef(name)))
    return [{ message: `'${name}' is declared by #include "vmlinux.h"`, range: null }];
  const func = name.startsWith('bpf_') ? context.kernel.func(name) : null;
  if (!func) return [...foreign(name), ...(isCall ? insteadOf(context, name) : [])];
  const declaration = declarationText(func, name);
  return [
    { message: `this kernel has it as a kfunc; declare it: extern ${declaration} __ksym;`, range: null },
  ];
}

function builtinCall(p: Parser, name: string, start: Loc): Expr {
  const unevaluated =
    name === '__builtin_constant_p' ||
    name.startsWith('__builtin_preserve_type') ||
    name === '__builtin_btf_type_id';
  if (unevaluated) p.context.unevaluated++;
  const args = parseArguments(p);
  if (unevaluated) p.context.unevaluated--;
  return checkBuiltinCall(p.context, name, args, p.since(start));
}

function syntaxBuiltin(p: Parser, token: Token): Expr {
  const { context } = p;
  const start = token.loc;
  const fail = (message: string): Expr => {
    context.error(p.since(start), message);
    p.recover(')', ';');
    p.accept(')');
    return errorExpr(p.since(start));
  };
  if (!p.expect('(')) return errorExpr(p.since(start));
  switch (token.text) {
    case '__builtin_offsetof':
      return parseOffsetof(p, start);
    case '__builtin_types_compatible_p': {
      const a = parseTypeName(p);
      p.expect(',');
      const b = parseTypeName(p);
      p.expect(')');
      return intExpr(C.sameType(a, b) ? 1n : 0n, C.INT, p.since(start));
    }
    case '__builtin_choose_expr': {
      const test = evaluateInt(rvalue(parseAssignment(p)));
      p.expect(',');
      const a = parseAssignment(p);
      p.expect(',');
      const b = parseAssignment(p);
      p.expect(')');
      if (test === null) return fail('__builtin_choose_expr needs a constant condition');
      return { ...(test === 0n ? b : a), range: p.since(start) };
    }
    case '__builtin_va_arg':
      if (context.profile.extended) return parseVaArg(p, start);
  }
  return fail(`${token.text} is not supported in BPF programs`);
}

/** `__builtin_va_arg(ap, type)`: the slot at ap, which moves on; a record's slot has its address. */
function parseVaArg(p: Parser, start: Loc): Expr {
  const { context } = p;
  const list = parseAssignment(p);
  p.expect(',');
  const type = parseTypeName(p);
  if (!p.expect(')')) p.recover(')', ';');
  const range = p.since(start);
  if (isError(list)) return errorExpr(range);
  const bytes = C.pointerTo(C.CHAR);
  const size = intExpr(BigInt(SLOT_BYTES), C.LONG, range);
  const here = explicitCast(context, bytes, list, range);
  const next = checkArithmetic(context, '+', here, size, start);
  const moved = checkAssign(context, list, explicitCast(context, list.type, next, range), start);
  const slot = checkArithmetic(context, '-', explicitCast(context, bytes, moved, range), size, start);
  const byAddress = C.unsugar(type).kind === 'record';
  const pointer = C.pointerTo(byAddress ? C.pointerTo(type) : type);
  const value = checkDeref(context, explicitCast(context, pointer, slot, range), range);
  return byAddress ? checkDeref(context, value, range) : value;
}

/** `__builtin_offsetof(type, a.b[2].c)` */
function parseOffsetof(p: Parser, start: Loc): Expr {
  const type = parseTypeName(p);
  p.expect(',');
  const at = { start, end: start };
  const null_: Expr = { kind: 'int', value: 0n, enumerator: null, type: C.ULONG, range: at, loc: start };
  const pointer: Expr = {
    kind: 'cast',
    cast: 'int_to_pointer',
    operand: null_,
    explicit: true,
    type: C.pointerTo(type),
    range: at,
    loc: start,
  };
  let place: Expr = { kind: 'deref', operand: pointer, type, range: at, loc: start };
  for (let first = true; first || p.is('.') || p.is('['); first = false) {
    if (!first && p.accept('[')) {
      place = checkIndex(p.context, place, parseExpression(p), p.since(start));
      p.expect(']');
      continue;
    }
    if (!first) p.accept('.');
    const name = p.token;
    p.context.observer?.access(name.loc, place.type);
    if (name.kind !== 'identifier') {
      p.context.error(rangeOf(name), 'expected the name of a member');
      break;
    }
    p.advance();
    place = checkMember(p.context, place, false, name.text, rangeOf(name));
  }
  if (!p.expect(')')) p.recover(')', ';');
  const range = p.since(start);
  if (isError(place)) return errorExpr(range);
  const offset = evaluateInt({
    kind: 'address_of',
    operand: place,
    type: C.pointerTo(place.type),
    range,
    loc: start,
  });
  if (offset === null) {
    p.context.error(range, 'offsetof is not constant here');
    return errorExpr(range);
  }
  return intExpr(offset, C.ULONG, range);
}

/** `_Generic(x, int: a, default: b)` */
function parseGeneric(p: Parser): Expr {
  const { context } = p;
  const start = p.advance().loc;
  p.expect('(');
  context.unevaluated++;
  const control = rvalue(parseAssignment(p));
  context.unevaluated--;
  let chosen: Expr | null = null;
  let fallback: Expr | null = null;
  while (p.accept(',')) {
    if (p.is('default')) {
      p.advance();
      p.expect(':');
      fallback = parseAssignment(p);
      continue;
    }
    if (!startsType(p)) {
      context.error(rangeOf(p.token), 'expected a type or default in _Generic');
      p.recover(')', ';');
      break;
    }
    const type = parseTypeName(p);
    p.expect(':');
    const value = parseAssignment(p);
    if (!isError(control) && C.sameType(type, control.type)) chosen ??= value;
  }
  p.expect(')');
  const result = chosen ?? fallback;
  if (isError(control) || result === null) {
    if (!isError(control))
      context.error(p.since(start), `no association of _Generic has type '${typeText(control.type)}'`);
    return errorExpr(p.since(start));
  }
  return { ...result, range: p.since(start) };
}
