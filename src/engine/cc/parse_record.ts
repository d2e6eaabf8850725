/** struct, union and enum: reading their bodies. Layout is in check_layout.ts. */
import { MOST_PARTS } from '../btf/build.ts';
import type { CType, EnumType, Enumerator, RecordType } from './ctype.ts';
import * as C from './ctype.ts';
import { evaluateInt } from './const_eval.ts';
import { isError } from './check_convert.ts';
import { enumeratorType, UserEnum, UserRecord } from './check_context.ts';
import type { Binding, TagBinding } from './check_context.ts';
import { layoutRecord } from './check_layout.ts';
import type { FieldSyntax } from './check_layout.ts';
import { noAttributes, parseAttributes } from './parse_attr.ts';
import type { Attributes } from './parse_attr.ts';
import { rangeOf } from './parse_cursor.ts';
import type { Parser } from './parser.ts';
import { parseDeclarator } from './parse_declarator.ts';
import { parseConstant } from './parse_expr.ts';
import { parseStaticAssert } from './parse_decl.ts';
import { KEYWORDS, parseSpecifiers } from './parse_type.ts';
import type { Token } from './lex.ts';
import { observeMember } from './observe.ts';
import type { Observer } from './observe.ts';
import type { Range } from './source.ts';

const isTagName = (p: Parser): boolean => p.token.kind === 'identifier' && !KEYWORDS.has(p.token.text);

function reportRedefinition(p: Parser, what: string, range: Range, old: TagBinding): void {
  const kernel = old.type.btfId !== 0;
  p.context.error(range, `redefinition of '${what}'`, [
    kernel
      ? { message: "vmlinux.h already has it: it is in this kernel's BTF", range: null }
      : { message: 'previous definition is here', range: old.range },
  ]);
}

/** From the word `struct` or `union` on. */
export function parseRecord(p: Parser, tag: 'struct' | 'union'): RecordType {
  const { context } = p;
  const attributes = noAttributes();
  const start = p.advance().loc;
  parseAttributes(p, attributes);
  // what follows a name without a body belongs to the declaration: `struct task_struct __kptr *task`
  const name = isTagName(p) ? p.advance() : null;
  const range = name ? rangeOf(name) : p.since(start);
  if (!p.is('{')) {
    if (name === null) {
      context.error(rangeOf(p.token), `expected a name or '{' after '${tag}'`);
      return new UserRecord(tag, '');
    }
    const type = referTo(p, tag, name.text, range);
    context.observer?.name(range, { kind: 'tag', type }, 'use');
    return type;
  }
  const record = startDefinition(p, tag, name?.text ?? '', range);
  p.advance();
  const fields = p.nest(
    () => parseFields(p),
    (): FieldSyntax[] => [],
  );
  checkCount(p, tag, fields.length, range);
  p.expect('}');
  parseAttributes(p, attributes);
  record.preserveAccessIndex = attributes.preserveAccessIndex || context.pushedPreserve > 0;
  record.packed = attributes.packed;
  record.declTags = attributes.declTags;
  record.layout = layoutRecord(context, record, fields, attributes.aligned);
  if (context.observer) observeRecord(context.observer, record, name, fields);
  return record;
}

function checkCount(p: Parser, tag: string, count: number, range: Range): void {
  if (count > MOST_PARTS)
    p.context.error(range, `'${tag}' has more than ${MOST_PARTS} members: BTF cannot list them`);
}

/** Tells of a definition's name and members. */
function observeRecord(
  observer: Observer,
  record: RecordType,
  name: Token | null,
  fields: readonly FieldSyntax[],
): void {
  if (name) observer.name(rangeOf(name), { kind: 'tag', type: record }, 'declaration');
  for (const { name: member, range } of fields)
    if (member !== '')
      observeMember(
        observer,
        { start: range.start, end: range.start + member.length },
        record,
        member,
        'declaration',
      );
}

/** `struct name` without a body: the one that is visible, or a new incomplete one. */
function referTo(p: Parser, tag: 'struct' | 'union', name: string, range: Range): RecordType {
  const { context } = p;
  // A user program's `struct bpf_map;` is libbpf's, not the kernel's that linux/bpf.h would find.
  const own = context.profile.extended && context.usesKernelTypes && !context.kernelTypesDefined;
  const declares = p.is(';') && !context.scope.tags.has(name) && (context.scope.parent !== null || own);
  const found = declares ? null : context.lookupTag(tag, name);
  if (found?.type.kind === 'record' && found.type.tag === tag) return found.type;
  if (found) {
    const other = found.type.kind === 'enum' ? 'enum' : found.type.tag;
    context.error(range, `use of '${name}' with tag type '${tag}' that does not match '${other} ${name}'`);
  }
  const record = new UserRecord(tag, name);
  if (!found) context.scope.tags.set(name, { type: record, range });
  return record;
}

function startDefinition(p: Parser, tag: 'struct' | 'union', name: string, range: Range): UserRecord {
  const { context } = p;
  if (name === '') return new UserRecord(tag, '');
  const atFile = context.scope === context.fileScope;
  const old = atFile ? context.lookupTag(tag, name) : (context.scope.tags.get(name) ?? null);
  if (old?.type instanceof UserRecord && old.type.tag === tag && old.type.layout === null) {
    context.scope.tags.set(name, { type: old.type, range });
    return old.type;
  }
  if (old && isDefined(p, old)) reportRedefinition(p, name, range, old);
  const record = new UserRecord(tag, name);
  context.scope.tags.set(name, { type: record, range });
  return record;
}

/** A second definition is a mistake; one of a type that only linux/bpf.h brought along is not. */
function isDefined(p: Parser, { type }: TagBinding): boolean {
  if (type.btfId !== 0 && !p.context.kernelTypesDefined) return false;
  return type.kind === 'enum' ? type.body !== null : type.layout !== null;
}

/** The member declarations between the braces. */
function parseFields(p: Parser): FieldSyntax[] {
  const fields: FieldSyntax[] = [];
  while (!p.atEnd && !p.is('}')) {
    if (p.accept(';')) continue;
    if (p.is('_Static_assert')) {
      parseStaticAssert(p);
      continue;
    }
    const before = p.mark();
    const specifiers = parseSpecifiers(p);
    if (p.is(';')) {
      fields.push(field('', specifiers.type, null, p.since(specifiers.start), specifiers.attributes));
    } else
      do {
        const inner = p.is(':')
          ? { name: null, type: specifiers.type, attributes: noAttributes() }
          : parseDeclarator(p, specifiers.type);
        const start = inner.name?.loc ?? specifiers.start;
        const width = p.accept(':') ? bitWidth(p) : null;
        if (!inner.name && width === null) p.context.error(rangeOf(p.token), 'expected the name of a member');
        const attributes = inner.attributes;
        parseAttributes(p, attributes);
        fields.push(
          field(inner.name?.text ?? '', inner.type, width, p.since(start), {
            ...specifiers.attributes,
            packed: specifiers.attributes.packed || attributes.packed,
            aligned: attributes.aligned ?? specifiers.attributes.aligned,
            declTags: [...specifiers.attributes.declTags, ...attributes.declTags],
          }),
        );
      } while (p.accept(','));
    if (p.is('}')) p.context.warning(null, rangeOf(p.token), "expected ';' after the last member");
    else if (!p.expect(';', ' at the end of the member declaration')) {
      p.recover(';', '}');
      p.accept(';');
    }
    if (p.mark() === before) p.advance();
  }
  return fields;
}

const field = (
  name: string,
  type: CType,
  width: number | null,
  range: Range,
  attributes: Attributes,
): FieldSyntax => ({
  name,
  type,
  width,
  range,
  packed: attributes.packed,
  aligned: attributes.aligned,
  declTags: attributes.declTags,
});

function bitWidth(p: Parser): number | null {
  const start = p.token.loc;
  const expr = parseConstant(p);
  const value = isError(expr) ? 1n : evaluateInt(expr);
  if (value === null || value < 0n) {
    p.context.error(p.since(start), 'the width of a bit-field must be a constant that is not negative');
    return 1;
  }
  return Number(value);
}

/** From the word `enum` on. */
export function parseEnum(p: Parser): EnumType {
  const { context } = p;
  const attributes = noAttributes();
  const start = p.advance().loc;
  parseAttributes(p, attributes);
  const name = isTagName(p) ? p.advance() : null;
  const range = name ? rangeOf(name) : p.since(start);
  let fixed: C.IntType | null = null;
  if (p.accept(':')) fixed = C.integerOf(parseSpecifiers(p).type);
  if (!p.is('{')) {
    if (name === null) {
      context.error(rangeOf(p.token), "expected a name or '{' after 'enum'");
      return new UserEnum('');
    }
    const found = context.lookupTag('enum', name.text);
    if (found?.type.kind === 'enum') {
      context.observer?.name(range, { kind: 'tag', type: found.type }, 'use');
      return found.type;
    }
    if (found) context.error(range, `'${name.text}' is not an enum`);
    const type = new UserEnum(name.text);
    context.scope.tags.set(name.text, { type, range });
    return type;
  }
  const old = name ? context.scope.tags.get(name.text) : undefined;
  const kernel =
    name && !old && context.scope === context.fileScope ? context.lookupTag('enum', name.text) : null;
  const defined = old ?? kernel;
  if (name && defined && (defined.type.kind !== 'enum' || isDefined(p, defined)))
    reportRedefinition(p, name.text, range, defined);
  const reuse = old?.type instanceof UserEnum && old.type.body === null ? old.type : null;
  const type = reuse ?? new UserEnum(name?.text ?? '');
  if (name) context.scope.tags.set(name.text, { type, range });
  if (name) context.observer?.name(range, { kind: 'tag', type }, 'declaration');
  p.advance();
  const pending = parseEnumerators(p);
  checkCount(p, 'enum', pending.length, range);
  p.expect('}');
  parseAttributes(p, attributes);
  type.declTags = attributes.declTags;
  type.body = {
    enumerators: pending.map((e) => e.enumerator),
    underlying:
      fixed ??
      underlyingType(
        pending.map((e) => e.enumerator),
        attributes.packed,
      ),
  };
  for (const { enumerator, range: at } of pending) {
    const binding: Binding = {
      kind: 'enumerator',
      name: enumerator.name,
      of: type,
      value: enumerator.value,
      type: enumeratorType(enumerator.value, type),
      range: at,
    };
    context.scope.names.set(enumerator.name, binding);
    context.observer?.name(at, binding, 'declaration');
  }
  return type;
}

/** unsigned int where it is enough, as clang chooses. */
function underlyingType(values: readonly Enumerator[], packed: boolean): C.IntType {
  const low = values.reduce((least, e) => (e.value < least ? e.value : least), 0n);
  const high = values.reduce((most, e) => (e.value > most ? e.value : most), 0n);
  const candidates = low < 0n ? [C.SCHAR, C.SHORT, C.INT, C.LONG] : [C.UCHAR, C.USHORT, C.UINT, C.ULONG];
  const fits = candidates.find((type) => {
    const bits = BigInt(type.size * 8);
    const most = type.signed ? 2n ** (bits - 1n) - 1n : 2n ** bits - 1n;
    return (packed || type.size >= 4) && high <= most && (low >= 0n || low >= -(2n ** (bits - 1n)));
  });
  return fits ?? (low < 0n ? C.LONG : C.ULONG);
}

function parseEnumerators(p: Parser): { readonly enumerator: Enumerator; readonly range: Range }[] {
  const { context } = p;
  const list: { readonly enumerator: Enumerator; readonly range: Range }[] = [];
  let next = 0n;
  while (!p.atEnd && !p.is('}')) {
    const token = p.token;
    if (!isTagName(p)) {
      context.error(rangeOf(token), 'expected the name of an enumerator');
      p.recover(',', '}');
    } else {
      p.advance();
      parseAttributes(p, noAttributes());
      if (p.accept('=')) {
        const start = p.token.loc;
        const expr = parseConstant(p);
        const value = isError(expr) ? next : evaluateInt(expr);
        if (value === null)
          context.error(p.since(start), `the value of enumerator '${token.text}' is not constant`);
        next = value ?? next;
      }
      const range = rangeOf(token);
      if (context.scope.find(token.text)) context.error(range, `redefinition of '${token.text}'`);
      const enumerator = { name: token.text, value: next };
      list.push({ enumerator, range });
      // Later enumerators may use it; its final type is known at the closing brace.
      context.scope.names.set(token.text, {
        kind: 'enumerator',
        name: token.text,
        of: new UserEnum(''),
        value: next,
        type: next >= -(2n ** 31n) && next < 2n ** 31n ? C.INT : C.LONG,
        range,
      });
      next++;
    }
    if (!p.accept(',')) break;
  }
  return list;
}
