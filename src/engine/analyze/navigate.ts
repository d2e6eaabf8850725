/** From a name to where it is declared, to every other place that means the same, and to a new name for all of them. */
import type { DefinitionInfo, RenameInfo, Stretch } from '../../protocol/language.ts';
import type { TypeId } from '../../shared/brand.ts';
import { defineType } from '../btf/dump.ts';
import { Kind } from '../btf/types.ts';
import { declarationText } from '../cc/ctype_text.ts';
import { Diagnostics } from '../cc/diagnostic.ts';
import { bundledHeader } from '../cc/headers/index.ts';
import { allTokens, Lexer } from '../cc/lex.ts';
import type { Meaning } from '../cc/observe.ts';
import type { Range } from '../cc/source.ts';
import { nameOf } from './analysis.ts';
import type { Analysis } from './analysis.ts';
import { lineBefore } from './prefix.ts';

const VMLINUX = 'vmlinux.h';

/** A text of its own with the first `name` in it marked. */
function shown(path: string, text: string, name: string): DefinitionInfo {
  const at = Math.max(0, text.search(new RegExp(`\\b${name}\\b`)));
  return { kind: 'shown', path, text, start: at, end: at + name.length };
}

/** The place in the text, or in the header it stands in; null for built-in text. */
function atRange(analysis: Analysis, range: Range): DefinitionInfo | null {
  if (analysis.isHere(range)) return { kind: 'here', ...analysis.stretch(range) };
  const file = analysis.result.sources.fileAt(range.start);
  return (
    file && {
      kind: 'shown',
      path: file.path,
      text: file.text,
      start: range.start - file.base,
      end: range.end - file.base,
    }
  );
}

const kernelType = ({ kernel }: Analysis, id: TypeId, name: string): DefinitionInfo =>
  shown(VMLINUX, `${defineType(kernel.btf, id)}\n`, name);

/** The kernel's BTF id of the type that holds what a name means; 0 for the program's own. */
function kernelId({ kernel: { btf } }: Analysis, meaning: Meaning): TypeId {
  switch (meaning.kind) {
    case 'tag':
      return meaning.type.btfId;
    case 'member':
      return meaning.within.btfId;
    case 'enumerator':
      return meaning.of.btfId;
    case 'typedef':
      return meaning.range.start === 0 ? btf.find(meaning.type.name, Kind.TYPEDEF) : 0;
    default:
      return 0;
  }
}

/** Where the program itself declares it; a function's definition rather than its prototype. */
function declaredAt(analysis: Analysis, meaning: Meaning): Range | null {
  if (meaning.kind === 'object' && meaning.symbol.kind === 'func' && meaning.symbol.definition) {
    const { loc } = meaning.symbol.definition;
    return { start: loc, end: loc + meaning.symbol.name.length };
  }
  const declaration = analysis.sameAs(meaning).find(({ role }) => role === 'declaration');
  if (declaration) return declaration.range;
  if (meaning.kind === 'object') return meaning.symbol.range;
  return meaning.kind === 'typedef' || meaning.kind === 'enumerator' ? meaning.range : null;
}

function definitionOf(analysis: Analysis, meaning: Meaning): DefinitionInfo | null {
  const id = kernelId(analysis, meaning);
  if (id !== 0) return kernelType(analysis, id, nameOf(meaning));
  if (meaning.kind === 'object' && meaning.symbol.attributes.section === '.ksyms') {
    const { symbol } = meaning;
    const isDeclared = analysis.sameAs(meaning).some(({ role }) => role === 'declaration');
    if (!isDeclared)
      return shown(
        VMLINUX,
        `extern ${declarationText(symbol.type, symbol.name)} __weak __ksym;\n`,
        symbol.name,
      );
  }
  const range = declaredAt(analysis, meaning);
  return range && range.start > 0 ? atRange(analysis, range) : null;
}

/** The header that #include names on the line of a place. */
function headerAt({ text }: Analysis, at: number): DefinitionInfo | null {
  const lineEnd = text.indexOf('\n', at);
  const line = lineBefore(text, lineEnd < 0 ? text.length : lineEnd);
  const path = /^\s*#\s*include\s*[<"]([^>"]+)[>"]/.exec(line)?.[1];
  const header = path === undefined ? null : bundledHeader(path);
  return path === undefined || header === null
    ? null
    : { kind: 'shown', path, text: header, start: 0, end: 0 };
}

export function definitionAt(analysis: Analysis, at: number): DefinitionInfo | null {
  const macro = analysis.macroAt(at);
  if (macro) return macro.definition.start > 0 ? atRange(analysis, macro.definition) : null;
  const found = analysis.occurrenceAt(at);
  return found ? definitionOf(analysis, found.meaning) : headerAt(analysis, at);
}

/** Every place in the text that means what the name at a place means. */
export function referencesAt(analysis: Analysis, at: number): readonly Stretch[] {
  const macro = analysis.macroAt(at);
  const ranges = macro
    ? analysis.macroOccurrences.filter(({ definition }) => definition.start === macro.definition.start)
    : analysis.sameAs(analysis.occurrenceAt(at)?.meaning ?? { kind: 'label', label: { name: '' } });
  return ranges.map(({ range }) => analysis.stretch(range));
}

/** Words of the text with this spelling that stand in no comment or string. */
function spelledLike({ file, result }: Analysis, name: string): number[] {
  const lexer = new Lexer(file, new Diagnostics(result.sources));
  lexer.quiet = true;
  return allTokens(lexer)
    .filter(({ kind, text }) => kind === 'identifier' && text === name)
    .map(({ loc }) => loc - file.base);
}

/**
 * What renaming would touch. Refused for what is declared elsewhere, and when the name also stands where the
 * analysis does not see a meaning: in a macro's body, or in a group that #if leaves out.
 */
export function renameAt(analysis: Analysis, at: number): RenameInfo | null {
  const macro = analysis.macroAt(at);
  const found = macro ? null : analysis.occurrenceAt(at);
  const named = macro ?? found;
  if (!named) return null;
  const name = macro ? macro.name : nameOf(found!.meaning);
  const places = referencesAt(analysis, at);
  const info = { ...analysis.stretch(named.range), name, places };
  const isOwn = definitionAt(analysis, at)?.kind === 'here';
  if (!isOwn) return { ...info, places: [], refused: `'${name}' is not declared in this file` };
  const seen = new Set([
    ...analysis.occurrences.map(({ range }) => range.start - analysis.file.base),
    ...analysis.macroOccurrences.map(({ range }) => range.start - analysis.file.base),
  ]);
  const unseen = spelledLike(analysis, name).some((start) => !seen.has(start));
  return unseen
    ? { ...info, places: [], refused: `'${name}' is also in a macro's body or in text that #if leaves out` }
    : { ...info, refused: '' };
}
