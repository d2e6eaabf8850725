/** `__attribute__((...))`: read into one bag; who may wear what is for the declaration to say. */
import { didYouMean } from './did_you_mean.ts';
import { evaluateInt } from './const_eval.ts';
import type { SymbolAttributes } from './ast.ts';
import type { Token } from './lex.ts';
import { stringBytes } from './literal.ts';
import { rangeOf } from './parse_cursor.ts';
import type { Parser } from './parser.ts';
import { parseConstant } from './parse_expr.ts';
import { latin1Decode } from '../../shared/utf8.ts';

/** Attributes collected for one declaration. */
export interface Attributes {
  section: string | null;
  weak: boolean;
  visibility: 'default' | 'hidden';
  used: boolean;
  unused: boolean;
  aligned: number | null;
  packed: boolean;
  noinline: boolean;
  alwaysInline: boolean;
  naked: boolean;
  noreturn: boolean;
  preserveAccessIndex: boolean;
  addressSpace: number;
  /** The function named by cleanup(f). */
  cleanup: Token | null;
  /** asm("r1"): the string, where it says which register. */
  register: Token | null;
  declTags: string[];
  typeTags: string[];
}

export const noAttributes = (): Attributes => ({
  section: null,
  weak: false,
  visibility: 'default',
  used: false,
  unused: false,
  aligned: null,
  packed: false,
  noinline: false,
  alwaysInline: false,
  naked: false,
  noreturn: false,
  preserveAccessIndex: false,
  addressSpace: 0,
  cleanup: null,
  register: null,
  declTags: [],
  typeTags: [],
});

/** What stays with a function or variable. */
export const symbolAttributes = (a: Attributes): SymbolAttributes => ({
  section: a.section,
  weak: a.weak,
  visibility: a.visibility,
  used: a.used,
  unused: a.unused,
  aligned: a.aligned,
  noinline: a.noinline,
  alwaysInline: a.alwaysInline,
  naked: a.naked,
  noreturn: a.noreturn,
  declTags: [...a.declTags],
});

/** Two declarations of one thing: both sets of attributes hold. */
export const mergeSymbolAttributes = (a: SymbolAttributes, b: SymbolAttributes): SymbolAttributes => ({
  section: b.section ?? a.section,
  weak: a.weak || b.weak,
  visibility: a.visibility === 'hidden' ? a.visibility : b.visibility,
  used: a.used || b.used,
  unused: a.unused || b.unused,
  aligned: a.aligned === null || (b.aligned ?? 0) > a.aligned ? b.aligned : a.aligned,
  noinline: a.noinline || b.noinline,
  alwaysInline: a.alwaysInline || b.alwaysInline,
  naked: a.naked || b.naked,
  noreturn: a.noreturn || b.noreturn,
  declTags: [...a.declTags, ...b.declTags.filter((tag) => !a.declTags.includes(tag))],
});

type Rule = (p: Parser, into: Attributes) => void;

/** The string literal that is an attribute's only argument, or null (reported). */
function stringArgument(p: Parser): string | null {
  if (!p.accept('(')) {
    p.expect('(', ' after the attribute name');
    return null;
  }
  let text: string | null = null;
  const inner = p.accept('(');
  while (p.token.kind === 'string') text = (text ?? '') + latin1Decode(stringBytes(p.advance().text).bytes);
  if (text === null) p.context.error(rangeOf(p.token), 'expected a string literal');
  if (inner) p.expect(')');
  p.recover(')');
  p.expect(')');
  return text;
}

/** The constant in parentheses, or null when there is none. */
function numberArgument(p: Parser): number | null {
  if (!p.accept('(')) return null;
  const start = p.token.loc;
  const value = evaluateInt(parseConstant(p));
  if (value === null) p.context.error(p.since(start), 'an integer constant is needed here');
  p.expect(')');
  return value === null ? null : Number(value);
}

const flag =
  (set: (into: Attributes) => void): Rule =>
  (p, into) => {
    set(into);
    skipArguments(p);
  };

function skipArguments(p: Parser): void {
  if (p.is('(')) p.skipBalanced();
}

const ignored: Rule = (p) => skipArguments(p);
/** Known, and of no meaning for a BPF object here. */
const IGNORED = (
  'fallthrough deprecated format bpf_fastcall pure const malloc nonnull warn_unused_result cold hot may_alias ' +
  'no_instrument_function flatten returns_nonnull sentinel leaf nothrow gnu_inline artificial error warning optnone ' +
  'minsize nodebug overloadable unavailable transparent_union no_split_stack disable_tail_calls counted_by nomerge ' +
  'assume_aligned alloc_size enum_extensibility mode'
).split(' ');
/** What `aligned` without a number means: the largest alignment of the target. */
const BIGGEST_ALIGNMENT = 8;

const RULES: Readonly<Record<string, Rule>> = {
  section: (p, a) => {
    a.section = stringArgument(p) ?? a.section;
  },
  weak: flag((a) => (a.weak = true)),
  used: flag((a) => (a.used = true)),
  retain: ignored,
  unused: flag((a) => (a.unused = true)),
  maybe_unused: flag((a) => (a.unused = true)),
  packed: flag((a) => (a.packed = true)),
  noinline: flag((a) => (a.noinline = true)),
  always_inline: flag((a) => (a.alwaysInline = true)),
  naked: flag((a) => (a.naked = true)),
  noreturn: flag((a) => (a.noreturn = true)),
  preserve_access_index: flag((a) => (a.preserveAccessIndex = true)),
  visibility: (p, a) => {
    const text = stringArgument(p);
    if (text === 'hidden' || text === 'internal') a.visibility = 'hidden';
  },
  aligned: (p, a) => {
    const start = p.token.loc;
    const value = p.is('(') ? numberArgument(p) : BIGGEST_ALIGNMENT;
    if (value === null) return;
    if (value <= 0 || (value & (value - 1)) !== 0 || value > 1 << 28)
      p.context.error(p.since(start), 'requested alignment is not a power of two');
    else a.aligned = Math.max(a.aligned ?? 1, value);
  },
  address_space: (p, a) => {
    a.addressSpace = numberArgument(p) ?? 0;
  },
  btf_decl_tag: (p, a) => {
    const text = stringArgument(p);
    if (text !== null) a.declTags.push(text);
  },
  btf_type_tag: (p, a) => {
    const text = stringArgument(p);
    if (text !== null) a.typeTags.push(text);
  },
  cleanup: (p, a) => {
    if (!p.expect('(', ' after cleanup')) return;
    if (p.token.kind === 'identifier') a.cleanup = p.advance();
    else p.context.error(rangeOf(p.token), 'expected the name of a function');
    p.expect(')');
  },
  ...Object.fromEntries(IGNORED.map((name): [string, Rule] => [name, ignored])),
};

/** Reads every `__attribute__((...))` and `[[...]]` that stands here. */
export function parseAttributes(p: Parser, into: Attributes): void {
  for (;;) {
    if (p.is('__attribute__') || p.is('__attribute')) {
      p.advance();
      if (!p.expect('(') || !p.expect('(')) return;
      while (!p.atEnd && !p.is(')')) {
        if (!p.is(',')) parseOne(p, into);
        if (!p.accept(',')) break;
      }
      p.expect(')');
      p.expect(')');
    } else if (p.is('[') && p.peek().text === '[' && p.peek().kind === 'punct') p.skipBalanced();
    else if (p.is('_Alignas') || p.is('alignas')) {
      p.advance();
      RULES['aligned']?.(p, into);
    } else if (p.is('asm') || p.is('__asm__')) {
      if (p.peek().text !== '(') return;
      const start = p.advance().loc;
      const label = p.peek();
      p.skipBalanced();
      if (p.context.function && /^"[rw]\d"$/.test(label.text)) into.register = label;
      else p.context.error(p.since(start), 'asm("...") behind a name can only be a register, r0 to r9');
    } else return;
  }
}

function parseOne(p: Parser, into: Attributes): void {
  const token = p.token;
  if (token.kind !== 'identifier') {
    p.context.error(rangeOf(token), 'expected the name of an attribute');
    p.recover(',', ')');
    return;
  }
  p.advance();
  const name = token.text.replace(/^__(.+)__$/, '$1');
  const rule = Object.hasOwn(RULES, name) ? RULES[name] : undefined;
  if (rule) {
    rule(p, into);
    return;
  }
  const meant = didYouMean(name, Object.keys(RULES));
  p.context.warning(
    'unknown-attributes',
    rangeOf(token),
    `unknown attribute '${name}' ignored${meant === null ? '' : `; did you mean '${meant}'?`}`,
  );
  skipArguments(p);
}
