/**
 * What could stand at the cursor. The characters before it say which question it is (prefix.ts); the front end,
 * given the text up to there, says the answer.
 *
 *     task->|   members        SEC("it|   section names      #include <|   headers
 *     struct |  kernel types   a word     scopes, helpers and kfuncs on offer, macros, kernel names, keywords
 */
import type { CompletionItem, CompletionList, LanguageSource, NameKind } from '../../protocol/language.ts';
import type { Btf } from '../btf/parse.ts';
import { Kind } from '../btf/types.ts';
import type { Binding, Scope } from '../cc/check_context.ts';
import type { RecordType } from '../cc/ctype.ts';
import { sizeOf, unsugar } from '../cc/ctype.ts';
import { declarationText, typeText } from '../cc/ctype_text.ts';
import { bundledHeaderPaths } from '../cc/headers/index.ts';
import { KEYWORDS } from '../cc/parse_type.ts';
import { SECTION_DEFS } from '../abi/section.ts';
import { Analysis, kindOf } from './analysis.ts';
import type { IncrementalReader } from './incremental.ts';
import { helperText, macroHead, memberText } from './describe.ts';
import { HELPER_DOCS } from './helper_docs.ts';
import { offerOf } from './offer.ts';
import { before, closedText, lineBefore, readPrefix, wordBefore } from './prefix.ts';
import type { Prefix } from './prefix.ts';

/** More than these are not sent at once. */
const MAX_ITEMS = 300;
/** Kernel names are offered from so many letters on: there are a hundred thousand. */
const KERNEL_LETTERS = 2;

const item = (label: string, kind: NameKind, detail = '', text = ''): CompletionItem => ({
  label,
  kind,
  detail,
  text,
});

/** Do the letters of `word` stand in `name`, in order? The editor ranks what is left. */
export function fits(word: string, name: string): boolean {
  let at = 0;
  const wanted = word.toLowerCase();
  for (const c of name.toLowerCase()) if (c === wanted[at]) at++;
  return at === wanted.length;
}

function list(items: Iterable<CompletionItem>, start: number, end: number): CompletionList {
  const found = new Map<string, CompletionItem>();
  let incomplete = false;
  for (const one of items) {
    if (found.size === MAX_ITEMS) {
      incomplete = true;
      break;
    }
    if (!found.has(one.label)) found.set(one.label, one);
  }
  return { start, end, items: [...found.values()], incomplete };
}

/** `iter/` with the targets of this kernel, and the other sections libbpf knows. */
function* sectionItems(btf: Btf): Iterable<CompletionItem> {
  const PREFIX = 'bpf_iter__';
  for (const struct of btf.names(Kind.STRUCT)) {
    if (!struct.startsWith(PREFIX)) continue;
    const target = struct.slice(PREFIX.length);
    yield item(`iter/${target}`, 'section', `struct ${struct} *ctx`);
    yield item(`iter.s/${target}`, 'section', `struct ${struct} *ctx`, 'May sleep.');
  }
  for (const name of ['.maps', 'license', '.ksyms', '.kconfig', '.rodata', '.data', '.bss'])
    yield item(name, 'section');
  for (const { pattern, sleepable } of SECTION_DEFS)
    if (!pattern.startsWith('iter'))
      yield item(pattern.replace('+', '/'), 'section', '', sleepable ? 'May sleep.' : '');
}

/** Members, those of unnamed structs and unions inside included, with their offsets. */
function* memberItems(record: RecordType, base = 0): Iterable<CompletionItem> {
  for (const member of record.layout?.members ?? []) {
    const inner = unsugar(member.type);
    const offset = base + member.bitOffset;
    if (member.name === '') {
      if (inner.kind === 'record') yield* memberItems(inner, offset);
    } else {
      const size = sizeOf(member.type);
      const place = `offset ${Math.floor(offset / 8)}${size === null ? '' : `, ${size} bytes`}`;
      yield item(member.name, 'member', memberText(member), place);
    }
  }
}

function bindingItem(name: string, binding: Binding): CompletionItem {
  const doc = Object.hasOwn(HELPER_DOCS, name) ? (HELPER_DOCS[name] ?? '') : '';
  switch (binding.kind) {
    case 'object': {
      const { symbol } = binding;
      const isHelper = symbol.kind === 'var' && symbol.helper !== null;
      const detail = isHelper ? helperText(symbol.type, name) : declarationText(symbol.type, name);
      return item(name, kindOf(binding), detail, doc);
    }
    case 'typedef':
      return item(name, kindOf(binding), typeText(binding.type.to));
    case 'enumerator':
      return item(name, 'enumerator', `${typeText(binding.of)} = ${binding.value}`);
  }
}

/** The section of the function around a place, or else of the file's first program. */
function sectionAt({ recorder }: Analysis, loc: number): string | null {
  const functions = recorder.occurrences.flatMap(({ meaning }) =>
    meaning.kind === 'object' && meaning.symbol.kind === 'func' ? [meaning.symbol] : [],
  );
  const around = functions.find(
    ({ definition }) => definition && definition.loc <= loc && loc <= definition.endLoc,
  );
  const programs = functions.filter(({ attributes }) => attributes.section?.includes('/'));
  return around?.attributes.section ?? programs[0]?.attributes.section ?? null;
}

function* scopeItems(scope: Scope, word: string, loc: number): Iterable<CompletionItem> {
  for (const [name, binding] of scope.names) {
    const range = binding.kind === 'object' ? binding.symbol.range : binding.range;
    if (range.start !== loc && fits(word, name)) yield bindingItem(name, binding);
  }
}

/** Everything that may stand where an expression, a statement or a declaration may. */
function* wordItems(analysis: Analysis, prefix: Prefix, word: string): Iterable<CompletionItem> {
  const { recorder, result, kernel } = analysis;
  const loc = analysis.loc(prefix.word);
  for (const scope of recorder.scopesAt(loc)) yield* scopeItems(scope, word, loc);
  const offer = offerOf(sectionAt(analysis, loc));
  const isOffered = (name: string): boolean => !name.startsWith('bpf_') || offer.helper(name);
  for (const one of scopeItems(result.scope, word, loc))
    if (one.kind !== 'helper' || isOffered(one.label)) yield one;
  for (const name of result.scope.deferred.keys()) {
    const binding = fits(word, name) && isOffered(name) ? result.scope.find(name) : undefined;
    if (binding) yield bindingItem(name, binding);
  }
  if (word === '') return;
  for (const macro of result.macros.values())
    if (fits(word, macro.name) && (word.startsWith('_') || !macro.name.startsWith('__')))
      yield item(macro.name, 'macro', macroHead(macro));
  for (const keyword of KEYWORDS)
    if (fits(word, keyword) && (word.startsWith('_') || !keyword.startsWith('_')))
      yield item(keyword, 'keyword');
  if (!result.usesKernelTypes) return;
  for (const name of kernel.kfuncNames()) {
    const type = fits(word, name) && offer.kfunc(name) ? kernel.kfunc(name) : null;
    if (type) yield item(name, 'kfunc', declarationText(type, name), HELPER_DOCS[name] ?? '');
  }
  if (word.length < KERNEL_LETTERS) return;
  const begins = (name: string): boolean => name.toLowerCase().startsWith(word.toLowerCase());
  for (const name of kernel.names('typedef')) if (begins(name)) yield item(name, 'type');
  for (const name of kernel.names('enumerator')) if (begins(name)) yield item(name, 'enumerator');
}

/** Behind `struct`, `union` or `enum`. */
function* tagItems(
  { result, kernel }: Analysis,
  tag: 'struct' | 'union' | 'enum',
  word: string,
): Iterable<CompletionItem> {
  const kind = tag === 'enum' ? 'enum' : 'struct';
  for (const [name, { type }] of result.scope.tags)
    if (tag === (type.kind === 'enum' ? 'enum' : type.tag) && fits(word, name)) yield item(name, kind);
  if (!result.usesKernelTypes) return;
  const begins = (name: string): boolean => name.startsWith(word) && name !== '';
  for (const name of kernel.names(tag)) if (begins(name)) yield item(name, kind);
  if (word.length >= KERNEL_LETTERS)
    for (const name of kernel.names(tag)) if (fits(word, name)) yield item(name, kind);
}

const DIRECTIVES = [
  'include',
  'define',
  'undef',
  'if',
  'ifdef',
  'ifndef',
  'elif',
  'else',
  'endif',
  'error',
  'pragma',
];

export function completionsAt(
  source: LanguageSource,
  at: number,
  btf: Btf,
  reader: IncrementalReader,
): CompletionList {
  const { text } = source;
  const prefix = readPrefix(text, at);
  const word = text.slice(prefix.word, at);
  const nothing = { start: at, end: at, items: [], incomplete: false };
  const line = lineBefore(text, at);
  const header = /^\s*#\s*include\s*[<"]([^>"]*)$/.exec(line);
  if (header) {
    const start = at - (header[1] ?? '').length;
    return list(
      [...bundledHeaderPaths(), ...Object.keys(source.files ?? {})].map((path) => item(path, 'header')),
      start,
      at,
    );
  }
  if (prefix.inside === 'string' && /\bSEC\(\s*"$/.test(text.slice(0, prefix.quote))) {
    const rest = /^[\w./?]*/.exec(text.slice(at))?.[0] ?? '';
    return list(sectionItems(btf), prefix.quote, at + rest.length);
  }
  if (prefix.inside !== 'code' || /^\d/.test(word)) return nothing;
  if (/^\s*#\s*\w*$/.test(line))
    return list(
      DIRECTIVES.map((name) => item(name, 'keyword')),
      prefix.word,
      at,
    );

  const analysis = new Analysis({ ...source, text: closedText(text, prefix) }, btf, reader);
  const head = before(text, prefix.word);
  if (/(->|[^.\d]\.|^\.)$/.test(head)) {
    const record = analysis.recorder.recordAt(analysis.loc(prefix.word));
    return record ? list(memberItems(record), prefix.word, at) : nothing;
  }
  const { word: tag } = wordBefore(text, prefix.word);
  if (tag === 'struct' || tag === 'union' || tag === 'enum')
    return list(tagItems(analysis, tag, word), prefix.word, at);
  return list(wordItems(analysis, prefix, word), prefix.word, at);
}
