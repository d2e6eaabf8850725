/** Declaration specifiers: storage, qualifiers and the type they name. */
import * as C from './ctype.ts';
import type { CType } from './ctype.ts';
import { foreign } from './known_names.ts';
import { didYouMean, hintText } from './did_you_mean.ts';
import { renamed } from './diagnostic.ts';
import { isDeclarator, parseDeclarator } from './parse_declarator.ts';
import { noAttributes, parseAttributes } from './parse_attr.ts';
import type { Attributes } from './parse_attr.ts';
import { rangeOf } from './parse_cursor.ts';
import type { Parser } from './parser.ts';
import { parseExpression } from './parse_expr.ts';
import { parseEnum, parseRecord } from './parse_record.ts';
import type { Loc } from './source.ts';

export interface Specifiers {
  readonly type: CType;
  readonly storage: 'typedef' | 'extern' | 'static' | 'auto' | null;
  readonly inline: boolean;
  /** `__auto_type`: the initialiser's type. */
  readonly isAuto: boolean;
  readonly attributes: Attributes;
  /** A struct, union or enum was named or defined, so that a declaration without declarators means something. */
  readonly declaresTag: boolean;
  readonly start: Loc;
}

const STORAGE: Readonly<Record<string, Specifiers['storage']>> = {
  typedef: 'typedef',
  extern: 'extern',
  static: 'static',
  auto: 'auto',
  register: 'auto',
};
const QUALIFIERS: Readonly<Record<string, Exclude<keyof C.Qualifiers, 'addressSpace'>>> = {
  const: 'isConst',
  __const: 'isConst',
  __const__: 'isConst',
  volatile: 'isVolatile',
  __volatile: 'isVolatile',
  __volatile__: 'isVolatile',
  restrict: 'isRestrict',
  __restrict: 'isRestrict',
  __restrict__: 'isRestrict',
};
const words = (text: string): string[] => text.split(' ');
const BASIC_WORDS = new Set(
  words(
    'void char short int long signed __signed__ __signed unsigned _Bool float double _Complex __int128 _Float16 __float128 __builtin_va_list',
  ),
);
const FLOATING = new Set(['float', 'double', '_Complex', '_Float16', '__float128']);
const IGNORED = new Set(['_Noreturn', '__extension__', '_Thread_local', '__thread', '_Atomic']);
const INLINE = new Set(['inline', '__inline', '__inline__']);
const TYPEOF = new Set([
  'typeof',
  '__typeof__',
  '__typeof',
  'typeof_unqual',
  '__typeof_unqual__',
  '__typeof_unqual',
]);
const SPECIFIER_WORDS = new Set([
  ...Object.keys(STORAGE),
  ...Object.keys(QUALIFIERS),
  ...BASIC_WORDS,
  ...IGNORED,
  ...INLINE,
  ...TYPEOF,
  ...words('struct union enum __auto_type __attribute__ __attribute _Alignas'),
]);

/** Every word that can be no identifier. */
export const KEYWORDS: ReadonlySet<string> = new Set([
  ...SPECIFIER_WORDS,
  ...words('if else while do for switch case default break continue goto return __label__'),
  ...words('sizeof _Alignof __alignof__ _Static_assert _Generic asm __asm__ __asm'),
]);

/** Qualifiers of a pointer: `* const`. */
export const qualifierOf = (text: string): (typeof QUALIFIERS)[string] | null =>
  Object.hasOwn(QUALIFIERS, text) ? (QUALIFIERS[text] ?? null) : null;

/** True when a declaration or a type name starts `ahead` tokens from here. */
export function startsType(p: Parser, ahead = 0): boolean {
  const token = p.peek(ahead);
  if (token.kind !== 'identifier') return false;
  if (SPECIFIER_WORDS.has(token.text)) return true;
  return !KEYWORDS.has(token.text) && p.context.isTypeName(token.text);
}

const MOST_WORDS = 4;
/** Of as few words as types have: what they name. */
const basicTypes = new Map<string, CType | null>();

/** The type that a set of words such as `unsigned long int` names; null when they do not go together. */
function basicType(words: readonly string[]): CType | null {
  if (words.length > MOST_WORDS) return typeOfWords(words);
  const key = words.join(' ');
  let type = basicTypes.get(key);
  if (type === undefined) basicTypes.set(key, (type = typeOfWords(words)));
  return type;
}

function typeOfWords(words: readonly string[]): CType | null {
  const count = (word: string): number => words.filter((w) => w === word).length;
  if (words.some((w) => FLOATING.has(w))) {
    const name = words.join(' ');
    return { kind: 'float', name, size: name === 'float' ? 4 : name === 'long double' ? 16 : 8 };
  }
  const unsigned = count('unsigned') > 0;
  const signed = count('signed') + count('__signed__') + count('__signed') > 0;
  if (unsigned && signed) return null;
  const others = words.filter((w) => !/^(un|__)?signed/.test(w));
  switch (others.toSorted().join(' ')) {
    case 'void':
      return unsigned || signed ? null : C.VOID;
    case '_Bool':
      return unsigned || signed ? null : C.BOOL;
    case 'char':
      return unsigned ? C.UCHAR : signed ? C.SCHAR : C.CHAR;
    case 'short':
    case 'int short':
      return unsigned ? C.USHORT : C.SHORT;
    case '':
    case 'int':
      return unsigned ? C.UINT : C.INT;
    case 'long':
    case 'int long':
      return unsigned ? C.ULONG : C.LONG;
    case 'long long':
    case 'int long long':
      return unsigned ? C.ULLONG : C.LLONG;
    case '__builtin_va_list':
      return C.pointerTo(C.VOID);
    case '__int128':
      return unsigned ? C.UINT128 : C.INT128;
    default:
      return null;
  }
}

/** `typeof(expr or type)` after the word itself. */
function parseTypeof(p: Parser, unqualify: boolean): CType {
  p.expect('(');
  p.context.unevaluated++;
  const type = startsType(p) ? parseTypeName(p) : parseExpression(p).type;
  p.context.unevaluated--;
  p.expect(')');
  return unqualify ? C.unqualified(type) : type;
}

/** Reads specifiers; reports and assumes int when there is no type among them. */
export function parseSpecifiers(p: Parser): Specifiers {
  const start = p.token.loc;
  const attributes = noAttributes();
  const basic: string[] = [];
  let named: CType | null = null;
  let storage: Specifiers['storage'] = null;
  let inline = false;
  let isAuto = false;
  let declaresTag = false;
  const q = { ...C.NO_QUALIFIERS };
  for (;;) {
    const { token } = p;
    const { text } = token;
    if (token.kind !== 'identifier') {
      if (p.is('[') && p.peek().text === '[') parseAttributes(p, attributes);
      else break;
    } else if (text === '__attribute__' || text === '__attribute' || text === '_Alignas')
      parseAttributes(p, attributes);
    else if (Object.hasOwn(STORAGE, text)) {
      if (storage !== null && storage !== STORAGE[text])
        p.context.error(rangeOf(token), `cannot combine '${text}' with another storage class`);
      storage = STORAGE[text] ?? null;
      p.advance();
    } else if (Object.hasOwn(QUALIFIERS, text)) {
      q[qualifierOf(text) ?? 'isConst'] = true;
      p.advance();
    } else if (INLINE.has(text)) {
      inline = true;
      p.advance();
    } else if (IGNORED.has(text)) p.advance();
    else if (BASIC_WORDS.has(text)) {
      if (named) break;
      basic.push(text);
      p.advance();
    } else if (named || basic.length > 0 || isAuto) break;
    else if (text === 'struct' || text === 'union') {
      named = parseRecord(p, text);
      declaresTag = true;
    } else if (text === 'enum') {
      named = parseEnum(p);
      declaresTag = true;
    } else if (TYPEOF.has(text)) {
      p.advance();
      named = parseTypeof(p, text.includes('unqual'));
    } else if (text === '__auto_type') {
      isAuto = true;
      p.advance();
    } else {
      const binding = KEYWORDS.has(text) ? null : p.context.lookup(text);
      if (binding?.kind === 'typedef') {
        named = binding.type;
        p.context.function?.typedefs.delete(binding.type);
        p.context.observer?.name(rangeOf(token), binding, 'use');
        p.advance();
      } else if (!binding && looksLikeTypeName(p)) {
        reportUnknownType(p);
        named = C.INT;
      } else break;
    }
  }
  let type = named ?? C.INT;
  if (basic.length > 0) {
    const known = basicType(basic);
    if (!known) p.context.error(p.since(start), `'${basic.join(' ')}' is no type`);
    type = known ?? C.INT;
  } else if (!named && !isAuto) {
    p.context.error(
      p.lastEnd > start ? p.since(start) : rangeOf(p.token),
      'a type specifier is missing: C has no implicit int',
      [],
      [],
      'implicit-int',
    );
  }
  for (const tag of attributes.typeTags) type = { kind: 'tagged', tag, of: type };
  attributes.typeTags = [];
  type = C.qualify(type, { ...q, addressSpace: attributes.addressSpace });
  return { type, storage, inline, isAuto, attributes, declaresTag, start };
}

/** An unknown identifier that stands where only a type makes sense: `foo_t x`, `foo_t *x`. */
export function looksLikeTypeName(p: Parser): boolean {
  const { token } = p;
  if (token.kind !== 'identifier' || KEYWORDS.has(token.text)) return false;
  const next = p.peek();
  if (next.kind === 'identifier') return !KEYWORDS.has(next.text) || qualifierOf(next.text) !== null;
  if (next.kind !== 'punct' || next.text !== '*') return false;
  const then = p.peek(2);
  return (
    then.kind === 'identifier' &&
    [';', ',', ')', '=', '('].includes(p.peek(3).text) &&
    p.context.lookup(then.text) === null
  );
}

function reportUnknownType(p: Parser): void {
  const token = p.advance();
  const { context } = p;
  const struct = context.lookupTag('struct', token.text);
  const known = context.usesKernelTypes ? [...context.kernel.names('typedef')] : [];
  const other = foreign(token.text);
  const isOther = other.length > 0;
  const meant = isOther
    ? null
    : struct
      ? `struct ${token.text}`
      : didYouMean(token.text, [...context.namesInScope().filter((n) => context.isTypeName(n)), ...known]);
  context.error(
    rangeOf(token),
    `unknown type name '${token.text}'${hintText(meant)}`,
    isOther ? other : context.kernelNote(`type '${token.text}'`),
    renamed(rangeOf(token), meant),
  );
}

/** A type name as in casts and sizeof. */
export function parseTypeName(p: Parser): CType {
  return p.nest(
    () => {
      const specifiers = parseSpecifiers(p);
      if (!isDeclarator(p)) return specifiers.type;
      const { name, type } = parseDeclarator(p, specifiers.type);
      if (name) p.context.error(rangeOf(name), `unexpected '${name.text}' in a type name`);
      return type;
    },
    () => C.INT,
  );
}
