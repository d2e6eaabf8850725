/** Types and declarations as the editor shows them: C, with offsets where a layout matters. */
import type { HoverInfo } from '../../protocol/language.ts';
import type { Macro } from '../cc/pp_macro.ts';
import type { EnumType, Member, RecordType, CType } from '../cc/ctype.ts';
import { pointee, sizeOf, unsugar } from '../cc/ctype.ts';
import { declarationText, typeText } from '../cc/ctype_text.ts';
import type { Meaning } from '../cc/observe.ts';
import type { Token } from '../cc/lex.ts';
import { HELPER_DOCS } from './helper_docs.ts';

/** Members shown of a struct, and enumerators of an enum, before the rest is only counted. */
const MAX_SHOWN = 24;

const bytes = (size: number | null): string => (size === null ? 'incomplete' : `${size} bytes`);

/** `12`, or `12:3` for a bit-field that begins at bit 3 of byte 12. */
const placeText = (bitOffset: number, { bitSize }: Member): string =>
  bitSize === null ? `${bitOffset / 8}` : `${Math.floor(bitOffset / 8)}:${bitOffset % 8}`;

export const memberText = (member: Member): string =>
  (member.name === '' ? typeText(member.type) : declarationText(member.type, member.name)) +
  (member.bitSize === null ? '' : ` : ${member.bitSize}`);

/** One line for each member; those of unnamed structs and unions stand inside their braces. */
function* memberRows(record: RecordType, base: number, indent: string): Iterable<string> {
  for (const member of record.layout?.members ?? []) {
    const at = base + member.bitOffset;
    const inner = member.name === '' ? unsugar(member.type) : null;
    if (inner?.kind === 'record') {
      yield `${indent}${inner.tag} {`;
      yield* memberRows(inner, at, `${indent}\t`);
      yield `${indent}};`;
    } else yield `${indent}/* ${placeText(at, member).padStart(5)} */ ${memberText(member)};`;
  }
}

/** A struct with the offsets of its members. */
export function recordText(record: RecordType): string {
  const head = `${record.tag}${record.name === '' ? '' : ` ${record.name}`}`;
  const { layout } = record;
  if (!layout) return `${head};`;
  const rows = [...memberRows(record, 0, '\t')];
  const more = rows.length - MAX_SHOWN;
  if (more > 0) rows.splice(MAX_SHOWN, more, `\t/* and ${more} more lines */`);
  return `${head} {\n${rows.join('\n')}\n}; /* ${bytes(layout.size)} */`;
}

function enumText({ name, body }: EnumType): string {
  const head = `enum${name === '' ? '' : ` ${name}`}`;
  if (!body) return `${head};`;
  const rows = body.enumerators.slice(0, MAX_SHOWN).map((e) => `\t${e.name} = ${e.value},`);
  const more = body.enumerators.length - rows.length;
  if (more > 0) rows.push(`\t/* and ${more} more */`);
  return `${head} {\n${rows.join('\n')}\n};`;
}

/** The layout that stands behind a type, if it is a record or points to one. */
function layoutBehind(type: CType): string {
  const bare = unsugar(pointee(type) ?? type);
  return bare.kind === 'record' && bare.layout ? `\n\n${recordText(bare)}` : '';
}

/** A helper's prototype: what its pointer points to. */
export const helperText = (type: CType, name: string): string =>
  declarationText(unsugar(pointee(type) ?? type), name);

const spelled = (tokens: readonly Token[]): string =>
  tokens.map(({ text, space }, i) => (i > 0 && space ? ` ${text}` : text)).join('');

export function macroHead({ name, params, variadic }: Macro): string {
  if (!params) return name;
  const shown = params.map((param, i) =>
    variadic && i === params.length - 1 ? (param === '__VA_ARGS__' ? '...' : `${param}...`) : param,
  );
  return `${name}(${shown.join(', ')})`;
}

/** `#define` as it was written, long bodies cut short. */
export function macroText(macro: Macro): string {
  const body = spelled(macro.body);
  return `#define ${macroHead(macro)} ${body.length > 300 ? `${body.slice(0, 300)} ...` : body}`.trimEnd();
}

/** What is shown of a name. */
export function describe(meaning: Meaning): Pick<HoverInfo, 'code' | 'text'> {
  switch (meaning.kind) {
    case 'object': {
      const { symbol } = meaning;
      const doc = Object.hasOwn(HELPER_DOCS, symbol.name) ? (HELPER_DOCS[symbol.name] ?? '') : '';
      if (symbol.kind === 'func')
        return {
          code: `${declarationText(symbol.type, symbol.name)};`,
          text: sectionText(symbol.attributes.section) || doc,
        };
      if (symbol.helper !== null)
        return {
          code: `${helperText(symbol.type, symbol.name)};`,
          text: `Helper ${symbol.helper}. ${doc}`.trim(),
        };
      return {
        code: `${declarationText(symbol.type, symbol.name)};${layoutBehind(symbol.type)}`,
        text: symbol.storage === 'local' ? '' : sectionText(symbol.attributes.section),
      };
    }
    case 'typedef':
      return {
        code: `typedef ${declarationText(meaning.type.to, meaning.type.name)};${layoutBehind(meaning.type.to)}`,
        text: bytes(sizeOf(meaning.type)),
      };
    case 'tag':
      return meaning.type.kind === 'enum'
        ? { code: enumText(meaning.type), text: '' }
        : { code: recordText(meaning.type), text: meaning.type.btfId === 0 ? '' : "From this kernel's BTF." };
    case 'enumerator':
      return { code: `${meaning.name} = ${meaning.value}`, text: typeText(meaning.of) };
    case 'member': {
      const { member, within, bitOffset } = meaning;
      const size = sizeOf(member.type);
      return {
        code: `${memberText(member)};${layoutBehind(member.type)}`,
        text: `Offset ${placeText(bitOffset, member)} in ${typeText(within)}, ${bytes(size)}.`,
      };
    }
    case 'label':
      return { code: `${meaning.label.name}:`, text: '' };
  }
}

const sectionText = (section: string | null): string =>
  section === null
    ? ''
    : section === '.ksyms'
      ? 'A function of the kernel (kfunc).'
      : `In section "${section}".`;
