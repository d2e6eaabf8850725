/**
 * The editor's questions answered over the compiler's front end. The last text's analysis is kept: most questions
 * come in bunches between two edits.
 */
import type { LanguageApi, LanguageSource } from '../../protocol/language.ts';
import type { Btf } from '../btf/parse.ts';
import { Analysis } from './analysis.ts';
import { completionsAt } from './completion.ts';
import { IncrementalReader } from './incremental.ts';
import { hoverAt } from './hover.ts';
import { definitionAt, referencesAt, renameAt } from './navigate.ts';
import { foldsOf, symbolsOf, tokensOf } from './outline.ts';
import { signatureAt } from './signature.ts';

/** Reads one text. @param reader goes on from the text before, if it can */
export const analyze = (source: LanguageSource, btf: Btf, reader?: IncrementalReader): Analysis =>
  new Analysis(source, btf, reader);

export function createLanguageApi(btf: Btf): LanguageApi {
  const reader = new IncrementalReader(btf);
  /** Of texts that end at the cursor. */
  const upToCursor = new IncrementalReader(btf);
  let last: { readonly source: LanguageSource; readonly analysis: Analysis } | null = null;
  const of = (source: LanguageSource): Analysis => {
    const isSame =
      last?.source.text === source.text &&
      last.source.path === source.path &&
      JSON.stringify(last.source.files) === JSON.stringify(source.files);
    if (!last || !isSame) last = { source, analysis: analyze(source, btf, reader) };
    return last.analysis;
  };
  return {
    hover: ({ source, at }) => hoverAt(of(source), at),
    completions: ({ source, at }) => completionsAt(source, at, btf, upToCursor),
    signature: ({ source, at }) => signatureAt(source, at, btf, upToCursor),
    definition: ({ source, at }) => definitionAt(of(source), at),
    references: ({ source, at }) => referencesAt(of(source), at),
    rename: ({ source, at }) => renameAt(of(source), at),
    symbols: ({ source }) => symbolsOf(of(source)),
    tokens: ({ source }) => tokensOf(of(source)),
    folds: ({ source }) => foldsOf(of(source)),
  };
}
