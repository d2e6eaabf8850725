/** Declarators: `*p`, `a[8]`, `(*f)(int)`: what wraps the type that the specifiers named. */
import * as C from './ctype.ts';
import type { CType } from './ctype.ts';
import { typeText } from './ctype_text.ts';
import { evaluateInt } from './const_eval.ts';
import { isError, rvalue } from './check_convert.ts';
import { Scope } from './check_context.ts';
import { noAttributes, parseAttributes, symbolAttributes } from './parse_attr.ts';
import type { Attributes } from './parse_attr.ts';
import type { VarSymbol } from './ast.ts';
import type { Token } from './lex.ts';
import { rangeOf } from './parse_cursor.ts';
import type { Parser } from './parser.ts';
import { parseAssignment } from './parse_expr.ts';
import { KEYWORDS, parseSpecifiers, qualifierOf, startsType } from './parse_type.ts';

export interface Declarator {
  /** null: abstract. */
  readonly name: Token | null;
  readonly type: CType;
  /** Attributes behind and inside the declarator. */
  readonly attributes: Attributes;
  /** The parameters of the outermost function declarator, for a definition; null when it is no function. */
  readonly params: readonly VarSymbol[] | null;
}

const MAX_ELEMENTS = 2 ** 31;
const MAX_BYTES = 2 ** 40;
const MAX_TYPE_DEPTH = 256;

/** True when a declarator (possibly abstract) starts here. */
export const isDeclarator = (p: Parser): boolean =>
  p.is('*') || p.is('(') || p.is('[') || (p.token.kind === 'identifier' && !KEYWORDS.has(p.token.text));

/** Reads a declarator around `base`. */
export function parseDeclarator(p: Parser, base: CType): Declarator {
  const attributes = noAttributes();
  const inner = p.nest(
    () => declarator(p, base, attributes),
    () => ({ name: null, type: C.INT, params: null }),
  );
  parseAttributes(p, attributes);
  if (isTooDeep(inner.type)) {
    p.context.error(inner.name ? rangeOf(inner.name) : rangeOf(p.token), 'this type is nested too deeply');
    return { ...inner, type: C.INT, attributes };
  }
  const { addressSpace } = attributes;
  return { ...inner, type: C.qualify(inner.type, { ...C.NO_QUALIFIERS, addressSpace }), attributes };
}

/** Pointers to pointers to ..., typedefs of typedefs of ...: more than anybody means, and than recursion takes. */
function isTooDeep(outer: CType): boolean {
  let type: CType | null = outer;
  for (let depth = 0; type; depth++) {
    if (depth > MAX_TYPE_DEPTH) return true;
    type = 'to' in type ? type.to : 'of' in type ? type.of : 'result' in type ? type.result : null;
  }
  return false;
}

type Inner = Omit<Declarator, 'attributes'>;

function pointers(p: Parser, base: CType, attributes: Attributes): CType {
  let type = base;
  while (p.accept('*')) {
    const own = noAttributes();
    const q = { ...C.NO_QUALIFIERS };
    for (;;) {
      const qualifier = qualifierOf(p.token.text);
      if (qualifier) {
        q[qualifier] = true;
        p.advance();
      } else if (p.is('__attribute__') || p.is('__attribute')) parseAttributes(p, own);
      else break;
    }
    type = C.pointerTo(type);
    for (const tag of own.typeTags) type = { kind: 'tagged', tag, of: type };
    type = C.qualify(type, { ...q, addressSpace: own.addressSpace });
    attributes.declTags.push(...own.declTags);
    attributes.unused ||= own.unused;
  }
  return type;
}

/** `(` opens a nested declarator, not a parameter list. */
function opensNested(p: Parser): boolean {
  const next = p.peek();
  if (next.kind === 'punct') return next.text === '*' || next.text === '(' || next.text === '[';
  if (next.text === '__attribute__') return true;
  return next.kind === 'identifier' && !startsType(p, 1) && !KEYWORDS.has(next.text);
}

function declarator(p: Parser, base: CType, attributes: Attributes): Inner {
  const type = pointers(p, base, attributes);
  parseAttributes(p, attributes);
  if (p.is('(') && opensNested(p)) {
    // The suffixes behind the parentheses bind first: read them, then come back for the inside.
    const open = p.mark();
    p.skipBalanced();
    const outside = suffixes(p, type);
    const end = p.mark();
    p.rewind(open);
    p.advance();
    const inner = p.nest(
      () => declarator(p, outside.type, attributes),
      (): Inner => ({ name: null, type: C.INT, params: null }),
    );
    parseAttributes(p, attributes);
    if (!p.expect(')')) p.recover(')', ';');
    p.rewind(end);
    return { ...inner, params: inner.params ?? (inner.type === outside.type ? outside.params : null) };
  }
  let name: Token | null = null;
  if (p.token.kind === 'identifier' && !KEYWORDS.has(p.token.text)) name = p.advance();
  parseAttributes(p, attributes);
  const outer = suffixes(p, type);
  return { name, type: outer.type, params: outer.params };
}

interface Suffixed {
  readonly type: CType;
  readonly params: readonly VarSymbol[] | null;
}

function suffixes(p: Parser, base: CType): Suffixed {
  if (p.is('[')) {
    return p.nest<Suffixed>(
      () => {
        const open = p.advance();
        const length = arrayLength(p);
        p.expect(']');
        const { type: element } = suffixes(p, base);
        const bare = C.unsugar(element);
        if (bare.kind === 'function' || bare.kind === 'void' || C.sizeOf(element) === null) {
          p.context.error(
            p.since(open.loc),
            `an array cannot have elements of ${bare.kind === 'record' ? 'incomplete' : 'this'} type`,
          );
          return { type: C.arrayOf(C.INT, length), params: null };
        }
        if ((length ?? 0) * (C.sizeOf(element) ?? 0) > MAX_BYTES) {
          p.context.error(p.since(open.loc), 'array is too large');
          return { type: C.arrayOf(element, 1), params: null };
        }
        return { type: C.arrayOf(element, length), params: null };
      },
      () => ({ type: C.INT, params: null }),
    );
  }
  if (p.is('(')) {
    return p.nest<Suffixed>(
      () => {
        p.advance();
        const { params, variadic, unprototyped } = parameters(p);
        const { type: result } = suffixes(p, base);
        const bare = C.unsugar(result);
        if (bare.kind === 'array' || bare.kind === 'function')
          p.context.error(
            rangeOf(p.token),
            `a function cannot return ${bare.kind === 'array' ? 'an array' : 'a function'}`,
          );
        const type: CType = {
          kind: 'function',
          result: bare.kind === 'array' || bare.kind === 'function' ? C.INT : result,
          params: params.map((param) => ({ name: param.name, type: param.type })),
          variadic,
          unprototyped,
        };
        return { type, params };
      },
      () => ({ type: C.INT, params: null }),
    );
  }
  return { type: base, params: null };
}

/** Between `[` and `]`: the number of elements, or null. */
function arrayLength(p: Parser): number | null {
  while (p.is('static') || qualifierOf(p.token.text)) p.advance();
  if (p.is(']')) return null;
  const start = p.token.loc;
  const expr = rvalue(parseAssignment(p));
  if (isError(expr)) return 1;
  const value = evaluateInt(expr);
  const range = p.since(start);
  if (value === null) {
    p.context.error(
      range,
      'the length of an array must be an integer constant: variable length arrays are not supported in BPF',
    );
    return 1;
  }
  if (value < 0n || value > MAX_ELEMENTS) {
    p.context.error(range, value < 0n ? 'array has a negative size' : 'array is too large');
    return 1;
  }
  return Number(value);
}

/** The type a parameter really has. */
function adjusted(type: CType): CType {
  const bare = C.unsugar(type);
  if (bare.kind === 'array') return C.pointerTo(bare.of);
  return bare.kind === 'function' ? C.pointerTo(type) : type;
}

/** Between `(` and `)`, both of which the caller and this take. */
function parameters(p: Parser): {
  readonly params: VarSymbol[];
  readonly variadic: boolean;
  readonly unprototyped: boolean;
} {
  const params: VarSymbol[] = [];
  if (p.accept(')')) return { params, variadic: false, unprototyped: true };
  if (p.is('void') && p.peek().text === ')') {
    p.advance();
    p.advance();
    return { params, variadic: false, unprototyped: false };
  }
  const { context } = p;
  const outer = context.scope;
  context.scope = new Scope(outer);
  let variadic = false;
  do {
    if (p.accept('...')) {
      variadic = true;
      break;
    }
    const before = p.mark();
    const specifiers = parseSpecifiers(p);
    const inner = parseDeclarator(p, specifiers.type);
    const attributes = mergeParamAttributes(specifiers.attributes, inner.attributes);
    const range = inner.name ? rangeOf(inner.name) : p.since(specifiers.start);
    const symbol: VarSymbol = {
      kind: 'var',
      name: inner.name?.text ?? '',
      type: adjusted(inner.type),
      storage: 'param',
      attributes: symbolAttributes(attributes),
      owner: null,
      init: null,
      cleanup: null,
      helper: null,
      builtin: false,
      range,
      referenced: false,
    };
    if (C.isVoid(symbol.type)) context.error(range, 'a parameter cannot have type void');
    params.push(symbol);
    if (context.scope.names.has(symbol.name))
      context.error(range, `redefinition of parameter '${symbol.name}'`);
    if (symbol.name !== '') context.scope.names.set(symbol.name, { kind: 'object', symbol });
    if (p.mark() === before) {
      p.recover(',', ')');
      if (!p.is(',')) break;
    }
  } while (p.accept(','));
  for (const { type, range } of context.scope.tags.values())
    context.warning(
      'visibility',
      range,
      `declaration of '${typeText(type)}' will not be visible outside of this function`,
      context.incompleteNote(type),
    );
  context.scope = outer;
  if (!p.expect(')')) {
    p.recover(')', ';');
    p.accept(')');
  }
  return { params, variadic, unprototyped: false };
}

function mergeParamAttributes(a: Attributes, b: Attributes): Attributes {
  return { ...a, unused: a.unused || b.unused, declTags: [...a.declTags, ...b.declTags] };
}
