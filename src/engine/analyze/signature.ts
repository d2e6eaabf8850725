/** The call around the cursor: whose prototype it is, and which argument is being written. */
import type { LanguageSource, SignatureInfo } from '../../protocol/language.ts';
import type { Btf } from '../btf/parse.ts';
import { pointee, unsugar } from '../cc/ctype.ts';
import type { CType, FunctionType } from '../cc/ctype.ts';
import { declarationText } from '../cc/ctype_text.ts';
import type { Meaning } from '../cc/observe.ts';
import type { Macro } from '../cc/pp_macro.ts';
import { KEYWORDS } from '../cc/parse_type.ts';
import { Analysis, nameOf } from './analysis.ts';
import type { IncrementalReader } from './incremental.ts';
import { HELPER_DOCS } from './helper_docs.ts';
import { closedText, readPrefix, wordBefore } from './prefix.ts';

/** The label of `name(params)` and where its parameters stand in it. */
function labelled(
  head: string,
  params: readonly string[],
  commas: number,
  variadic: boolean,
  text: string,
): SignatureInfo | null {
  if (params.length === 0) return { label: `${head}()`, params: [], active: 0, text };
  let at = head.length + 1;
  const stretches = params.map((param) => {
    const start = at;
    at += param.length + 2;
    return { start, end: start + param.length };
  });
  const active = variadic ? Math.min(commas, params.length - 1) : commas;
  return { label: `${head}(${params.join(', ')})`, params: stretches, active, text };
}

function functionType(meaning: Meaning): FunctionType | null {
  let type: CType | null = null;
  if (meaning.kind === 'object') type = meaning.symbol.type;
  else if (meaning.kind === 'member') type = meaning.member.type;
  const bare = type && unsugar(pointee(type) ?? type);
  return bare?.kind === 'function' ? bare : null;
}

function ofFunction(meaning: Meaning, commas: number): SignatureInfo | null {
  const type = functionType(meaning);
  if (!type) return null;
  const params = type.params.map((param) => declarationText(param.type, param.name));
  if (type.variadic) params.push('...');
  const name = nameOf(meaning);
  const doc = Object.hasOwn(HELPER_DOCS, name) ? (HELPER_DOCS[name] ?? '') : '';
  return labelled(declarationText(type.result, name), params, commas, type.variadic, doc);
}

const ofMacro = ({ name, params, variadic }: Macro, commas: number): SignatureInfo | null =>
  params &&
  labelled(
    name,
    params.map((p) => (p === '__VA_ARGS__' ? '...' : p)),
    commas,
    variadic,
    '',
  );

export function signatureAt(
  source: LanguageSource,
  at: number,
  btf: Btf,
  reader: IncrementalReader,
): SignatureInfo | null {
  const { text } = source;
  const prefix = readPrefix(text, at);
  let analysis: Analysis | null = null;
  for (const bracket of prefix.open.toReversed()) {
    if (bracket.text === '{') return null;
    const { word, start } = wordBefore(text, bracket.at);
    if (bracket.text !== '(' || word === '' || KEYWORDS.has(word)) continue;
    analysis ??= new Analysis({ ...source, text: closedText(text, prefix) }, btf, reader);
    const macro = analysis.result.macros.get(word);
    const found = analysis.recorder.startingAt(analysis.loc(start));
    if (macro) return ofMacro(macro, bracket.commas);
    return found && ofFunction(found.meaning, bracket.commas);
  }
  return null;
}
