/** The text as a whole: what it declares, what each name is, and which lines fold. */
import type { FoldInfo, NameKind, SymbolInfo, TokenInfo } from '../../protocol/language.ts';
import type { ObjectSymbol } from '../cc/ast.ts';
import { declarationText, typeText } from '../cc/ctype_text.ts';
import { Diagnostics } from '../cc/diagnostic.ts';
import { allTokens, Lexer } from '../cc/lex.ts';
import type { Range } from '../cc/source.ts';
import { kindOf, nameOf } from './analysis.ts';
import type { Analysis } from './analysis.ts';
import type { Occurrence } from './recorder.ts';

const LOCAL: ReadonlySet<ObjectSymbol['storage']> = new Set(['local', 'param']);

/** Declared at file scope: locals, parameters and members are not in the outline. */
function isOutlined({ meaning, role }: Occurrence): boolean {
  if (role !== 'declaration') return false;
  if (meaning.kind === 'object') {
    const { symbol } = meaning;
    return symbol.kind === 'func' || (!LOCAL.has(symbol.storage) && !symbol.owner);
  }
  return meaning.kind === 'tag' || meaning.kind === 'typedef';
}

const detailOf = (symbol: ObjectSymbol): string =>
  symbol.attributes.section ?? declarationText(symbol.type, symbol.name);

function symbolOf(analysis: Analysis, { meaning, range }: Occurrence): SymbolInfo {
  const here = analysis.stretch(range);
  const definition =
    meaning.kind === 'object' && meaning.symbol.kind === 'func' ? meaning.symbol.definition : null;
  const end = definition && definition.loc === range.start ? definition.endLoc + 1 : range.end;
  return {
    ...here,
    name: nameOf(meaning),
    kind: kindOf(meaning),
    detail:
      meaning.kind === 'object'
        ? detailOf(meaning.symbol)
        : meaning.kind === 'typedef'
          ? typeText(meaning.type.to)
          : '',
    whole: analysis.stretch({ start: range.start, end }),
  };
}

export function symbolsOf(analysis: Analysis): readonly SymbolInfo[] {
  const macros = analysis.ownMacros.map(({ name, range }): SymbolInfo => {
    const here = analysis.stretch(range);
    return { ...here, name, kind: 'macro', detail: '', whole: here };
  });
  const names = analysis.occurrences.filter(isOutlined).map((found) => symbolOf(analysis, found));
  return [...macros, ...names].sort((a, b) => a.start - b.start);
}

export function tokensOf(analysis: Analysis): readonly TokenInfo[] {
  const tokens = new Map<number, TokenInfo>();
  const add = (range: Range, kind: NameKind, declaration: boolean): void => {
    const here = analysis.stretch(range);
    tokens.set(here.start, { ...here, kind, declaration });
  };
  for (const { meaning, range, role } of analysis.occurrences) {
    const isParam =
      meaning.kind === 'object' && meaning.symbol.kind === 'var' && meaning.symbol.storage === 'param';
    add(range, isParam ? 'parameter' : kindOf(meaning), role === 'declaration');
  }
  for (const { range, definition } of analysis.macroOccurrences)
    add(range, 'macro', range.start === definition.start);
  return [...tokens.values()].sort((a, b) => a.start - b.start);
}

const OPENING = new Set(['if', 'ifdef', 'ifndef']);

/** Blocks in braces, groups of #if, and comments of several lines. */
export function foldsOf({ file, result, text }: Analysis): readonly FoldInfo[] {
  const folds: FoldInfo[] = [];
  const lineOf = (loc: number): number => result.sources.position(loc).line;
  const fold = (from: number, to: number, kind: FoldInfo['kind']): void => {
    if (to > from) folds.push({ first: from, last: to, kind });
  };
  const lexer = new Lexer(file, new Diagnostics(result.sources));
  lexer.quiet = true;
  const braces: number[] = [];
  const groups: number[] = [];
  let afterHash = false;
  for (const token of allTokens(lexer)) {
    const line = lineOf(token.loc);
    if (afterHash) {
      if (OPENING.has(token.text)) groups.push(line);
      else if (token.text === 'endif') fold(groups.pop() ?? line, line, 'region');
      else if (token.text.startsWith('el')) {
        fold(groups.pop() ?? line, line - 1, 'region');
        groups.push(line);
      }
    }
    afterHash = token.bol && token.text === '#';
    if (token.kind !== 'punct') continue;
    if (token.text === '{') braces.push(line);
    else if (token.text === '}') fold(braces.pop() ?? line, line - 1, 'region');
  }
  for (const { 0: comment, index } of text.matchAll(/^[ \t]*\/\*[^]*?\*\//gm)) {
    const first = lineOf(file.base + index);
    fold(first, first + comment.split('\n').length - 1, 'comment');
  }
  return folds.sort((a, b) => a.first - b.first);
}
