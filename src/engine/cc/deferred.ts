/**
 * Declarations that are read when somebody names them. A header with hundreds of prototypes, of which a program
 * uses three, puts `#pragma iterscope deferred` before them: the preprocessor passes over the rest of that file,
 * and the file scope learns only which names stand where. The declarations are ordinary C and mean what they
 * would have meant in place.
 *
 * Behind the pragma a header has one declaration a line, of a name in `(*const name)`, made of words that no
 * macro may have changed: if one could have, nothing is deferred.
 */
import type { Context } from './check_context.ts';
import { allTokens, Lexer } from './lex.ts';
import type { Token } from './lex.ts';
import type { Loc } from './source.ts';

export const DEFERRED_PRAGMA = '#pragma iterscope deferred\n';

/** A stretch of a header's text. */
interface Stretch {
  readonly start: number;
  readonly end: number;
}
interface DeferredText {
  readonly declarations: ReadonlyMap<string, Stretch>;
  readonly words: ReadonlySet<string>;
}

const known = new Map<string, DeferredText>();

/** What stands behind the pragma in a bundled header; looked through once per process. */
function deferredText(path: string, text: string): DeferredText {
  const old = known.get(path);
  if (old) return old;
  const from = text.indexOf(DEFERRED_PRAGMA) + DEFERRED_PRAGMA.length;
  const declarations = new Map<string, Stretch>();
  for (let start = from; start < text.length;) {
    const newline = text.indexOf('\n', start);
    const end = newline < 0 ? text.length : newline;
    const name = /\(\*const (\w+)\)/.exec(text.slice(start, end))?.[1];
    if (name !== undefined) declarations.set(name, { start, end });
    start = end + 1;
  }
  const found = { declarations, words: new Set(text.slice(from).match(/[A-Za-z_]\w*/g)) };
  known.set(path, found);
  return found;
}

/** Reads the tokens of one declaration. */
export type ReadTokens = (tokens: readonly Token[]) => void;

/** True when none of these macros is named in the declarations that a bundled header defers. */
export function canDefer(path: string, text: string, macros: Iterable<string>): boolean {
  const { words } = deferredText(path, text);
  for (const macro of macros) if (words.has(macro)) return false;
  return true;
}

/**
 * The pragma at `at` was reached: the file scope may find the names from here on. One that it has already
 * is declared again at once, so that a conflict is reported.
 *
 * @param declare reads one declaration, at file scope
 */
export function deferDeclarations(context: Context, at: Loc, declare: ReadTokens): void {
  const { fileScope, diagnostics } = context;
  const header = context.sources.fileAt(at);
  if (!header) return;
  const { declarations } = deferredText(header.path, header.text);
  const read = (name: string): void => {
    const { start, end } = declarations.get(name) ?? { start: 0, end: 0 };
    const text = header.text.slice(start, end);
    const lexer = new Lexer({ ...header, text, base: header.base + start, lineStarts: null }, diagnostics);
    const tokens = allTokens(lexer);
    context.atFileScope(() => declare([...tokens, lexer.next()]));
  };
  for (const name of declarations.keys())
    if (fileScope.names.has(name)) read(name);
    else fileScope.deferred.set(name, read);
}
