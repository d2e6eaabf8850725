/** Preprocessor directives: a table of names, each with what it does. */
import { canDefer } from './deferred.ts';
import { didYouMean } from './did_you_mean.ts';
import { bundledHeader, bundledHeaderPaths } from './headers/index.ts';
import type { Token } from './lex.ts';
import { evaluatePpExpression, PpExpressionError } from './pp_expr.ts';
import type { Macro } from './pp_macro.ts';
import type { Preprocessor } from './preprocess.ts';
import type { Range } from './source.ts';
import { isDiagnosticPragma } from './warning_state.ts';

const MAX_INCLUDE_DEPTH = 100;

/** An #if that has not met its #endif. */
export interface Conditional {
  readonly directive: string;
  readonly at: Token;
  /** Some group of it was, or is being, read. */
  taken: boolean;
  sawElse: boolean;
}

const rangeOf = (token: Token): Range => ({ start: token.loc, end: token.end });
const spelling = (tokens: readonly Token[]): string =>
  tokens.map((t, i) => (i > 0 && t.space ? ' ' : '') + t.text).join('');

/** Finds the text of a header: the caller's files first, then ours. `from`: the including file. */
export function findHeader(
  pp: Preprocessor,
  path: string,
  from: string | null,
): { readonly path: string; readonly text: string; readonly bundled: boolean } | null {
  const folder = from?.includes('/') ? from.slice(0, from.lastIndexOf('/') + 1) : '';
  const nearby = folder === '' || path.startsWith('/') ? [path] : [folder + path, path];
  for (const candidate of nearby) {
    const text = pp.provider(candidate);
    if (text !== null) return { path: candidate, text, bundled: false };
  }
  const ours = bundledHeader(path, pp.profile.name);
  return ours === null ? null : { path, text: ours, bundled: true };
}

function include(pp: Preprocessor, at: Token): void {
  const lexer = pp.currentFile?.lexer;
  const angled = lexer?.angledHeader() ?? null;
  const rest = pp.restOfLine();
  let path = angled?.path ?? null;
  let isAngled = angled !== null;
  let range: Range = angled ? { start: angled.loc, end: angled.end } : rangeOf(at);
  if (path === null) {
    const tokens = rest[0]?.kind === 'string' ? rest : pp.expandList(rest);
    const [first] = tokens;
    if (first) range = rangeOf(first);
    if (first?.kind === 'string') path = first.text.slice(1, -1);
    else if (first?.text === '<' && tokens.at(-1)?.text === '>') {
      path = spelling(tokens.slice(1, -1));
      isAngled = true;
    } else {
      pp.diagnostics.error(range, 'expected "FILENAME" or <FILENAME>');
      return;
    }
  }
  const found = findHeader(pp, path, isAngled ? null : (lexer?.file.path ?? null));
  if (!found) {
    const meant = didYouMean(path, bundledHeaderPaths(pp.profile.name));
    pp.diagnostics.fatal(
      range,
      `'${path}' file not found${meant === null ? '' : `; did you mean <${meant}>?`}`,
    );
    return;
  }
  if (pp.once.has(found.path)) return;
  if (pp.includeDepth >= MAX_INCLUDE_DEPTH) {
    pp.diagnostics.error(range, '#include is nested too deeply');
    return;
  }
  pp.enterFile(found.path, found.text, found.bundled, range.start);
}

/** Reads `(a, b, args...)` after a macro's name; null (reported) when it is malformed. */
function macroParams(
  pp: Preprocessor,
  tokens: readonly Token[],
): { readonly params: string[]; readonly variadic: boolean; readonly length: number } | null {
  const params: string[] = [];
  let variadic = false;
  let i = 1;
  const bad = (token: Token | undefined, message: string): null => {
    pp.diagnostics.error(rangeOf(token ?? tokens[0]!), message);
    return null;
  };
  if (tokens[i]?.text === ')') return { params, variadic, length: 2 };
  for (;;) {
    const token = tokens[i];
    if (token?.text === '...') {
      params.push('__VA_ARGS__');
      variadic = true;
      i++;
    } else if (token?.kind === 'identifier') {
      if (params.includes(token.text)) return bad(token, `duplicate macro parameter '${token.text}'`);
      params.push(token.text);
      i++;
      if (tokens[i]?.text === '...') {
        variadic = true;
        i++;
      }
    } else return bad(token, 'expected a parameter name in the macro parameter list');
    if (tokens[i]?.text === ')') return { params, variadic, length: i + 1 };
    if (variadic || tokens[i]?.text !== ',') return bad(tokens[i], "expected ')' after the macro parameters");
    i++;
  }
}

/** A macro as of a file at 0, and where in that file the next token stands. */
interface HeaderMacro {
  readonly macro: Macro;
  readonly next: number;
}
/** Macros that bundled headers define: by path, and by where the directive stands. */
const headerMacros = new Map<string, Map<number, HeaderMacro>>();

const movedBy = (macro: Macro, by: number): Macro => ({
  ...macro,
  range: { start: macro.range.start + by, end: macro.range.end + by },
});

/** A definition in a bundled header is read once per process: the body of a macro has no place of its own. */
function define(pp: Preprocessor, at: Token): void {
  const lexer = pp.currentFile?.lexer;
  if (!lexer?.file.bundled) {
    const macro = readDefinition(pp, at);
    if (macro) defineMacro(pp, macro);
    return;
  }
  const { path, base } = lexer.file;
  let macros = headerMacros.get(path);
  if (!macros) headerMacros.set(path, (macros = new Map()));
  const known = macros.get(at.loc - base);
  if (known) {
    lexer.skipTo(known.next);
    defineMacro(pp, movedBy(known.macro, base));
    return;
  }
  const macro = readDefinition(pp, at);
  if (!macro) return;
  macros.set(at.loc - base, { macro: movedBy(macro, -base), next: lexer.peek().loc - base });
  defineMacro(pp, macro);
}

/** Reads what stands behind #define; null (reported) when it is malformed. */
function readDefinition(pp: Preprocessor, at: Token): Macro | null {
  const [name, ...rest] = pp.restOfLine();
  if (name?.kind !== 'identifier') {
    pp.diagnostics.error(rangeOf(name ?? at), 'macro name missing');
    return null;
  }
  if (name.text === 'defined') {
    pp.diagnostics.error(rangeOf(name), "'defined' cannot be a macro name");
    return null;
  }
  const isFunction = rest[0]?.text === '(' && !rest[0].space;
  const head = isFunction ? macroParams(pp, rest) : null;
  if (isFunction && !head) return null;
  const body = rest.slice(head?.length ?? 0);
  const [first] = body;
  const last = body.at(-1);
  if (first?.text === '##' || (last?.text === '##' && last.kind === 'punct')) {
    pp.diagnostics.error(rangeOf(first ?? at), "'##' cannot stand at either end of a macro");
    return null;
  }
  if (head)
    for (const [i, token] of body.entries()) {
      const next = body[i + 1];
      if (token.kind !== 'punct' || token.text !== '#') continue;
      if (next && (head.params.includes(next.text) || next.text === '__VA_OPT__')) continue;
      pp.diagnostics.error(rangeOf(token), "'#' is not followed by a macro parameter");
      return null;
    }
  return {
    name: name.text,
    params: head?.params ?? null,
    variadic: head?.variadic ?? false,
    body,
    range: rangeOf(name),
    compute: null,
    active: false,
  };
}

function defineMacro(pp: Preprocessor, macro: Macro): void {
  const old = pp.macros.get(macro.name);
  if (old && !old.compute && !sameMacro(old, macro))
    pp.diagnostics.warning('macro-redefined', macro.range, `'${macro.name}' macro redefined`, [
      { message: 'previous definition is here', range: old.range },
    ]);
  pp.macros.set(macro.name, macro);
}

const sameMacro = (a: Macro, b: Macro): boolean =>
  a.params?.join() === b.params?.join() && spelling(a.body) === spelling(b.body);

/** `defined X`, `defined(X)` and __has_include(...) mean the unexpanded name. */
function foldDefined(pp: Preprocessor, tokens: readonly Token[]): Token[] {
  const out: Token[] = [];
  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[i];
    if (!token) break;
    const number = (yes: boolean): Token => ({ ...token, kind: 'number', text: yes ? '1' : '0' });
    if (token.text === 'defined') {
      const paren = tokens[i + 1]?.text === '(';
      const name = tokens[i + (paren ? 2 : 1)];
      if (name?.kind !== 'identifier' || (paren && tokens[i + 3]?.text !== ')'))
        throw new PpExpressionError("expected a macro name after 'defined'", token);
      out.push(number(pp.macros.has(name.text)));
      i += paren ? 3 : 1;
    } else if (token.text === '__has_include' && tokens[i + 1]?.text === '(') {
      let end = i + 2;
      while (end < tokens.length && tokens[end]?.text !== ')') end++;
      const inside = spelling(tokens.slice(i + 2, end));
      const from = inside.startsWith('"') ? (pp.currentFile?.lexer.file.path ?? null) : null;
      out.push(number(findHeader(pp, inside.slice(1, -1), from) !== null));
      i = end;
    } else out.push(token);
  }
  return out;
}

function condition(pp: Preprocessor, at: Token): boolean {
  const tokens = pp.restOfLine();
  try {
    if (tokens.length === 0) throw new PpExpressionError(`#${at.text} with no expression`, at);
    return evaluatePpExpression(pp.expandList(foldDefined(pp, tokens))) !== 0n;
  } catch (error) {
    if (!(error instanceof PpExpressionError)) throw error;
    pp.diagnostics.error(rangeOf(error.at ?? tokens.at(-1) ?? at), error.message);
    return false;
  }
}

function isDefined(pp: Preprocessor, at: Token): boolean {
  const [name] = pp.restOfLine();
  if (name?.kind !== 'identifier') pp.diagnostics.error(rangeOf(name ?? at), 'macro name missing');
  return name !== undefined && pp.macros.has(name.text);
}

const OPENING = new Set(['if', 'ifdef', 'ifndef']);

/** Skips the groups of the innermost #if until one is taken or #endif comes. */
function skipGroups(pp: Preprocessor): void {
  const file = pp.currentFile;
  if (!file) return;
  const { lexer } = file;
  lexer.quiet = true;
  let depth = 0;
  for (let token = lexer.next(); token.kind !== 'eof'; token = lexer.next()) {
    if (!token.bol || token.text !== '#' || token.kind !== 'punct') continue;
    if (lexer.peek().bol) continue;
    const name = lexer.peek();
    if (OPENING.has(name.text)) depth++;
    else if (name.text === 'endif' && depth > 0) depth--;
    else if (depth === 0 && CONDITIONALS.has(name.text)) {
      lexer.quiet = false;
      lexer.next();
      if (enterGroup(pp, name)) return;
      lexer.quiet = true;
    }
  }
  lexer.quiet = false;
}

const CONDITIONALS = new Set(['elif', 'elifdef', 'elifndef', 'else', 'endif']);

/** At #elif, #else or #endif. @returns true when reading goes on behind it */
function enterGroup(pp: Preprocessor, at: Token): boolean {
  const conditionals = pp.currentFile?.conditionals;
  const open = conditionals?.at(-1);
  if (!open) {
    pp.restOfLine();
    pp.diagnostics.error(rangeOf(at), `#${at.text} without #if`);
    return true;
  }
  if (at.text === 'endif') {
    pp.restOfLine();
    conditionals?.pop();
    return true;
  }
  if (open.sawElse) pp.diagnostics.error(rangeOf(at), `#${at.text} after #else`);
  let yes = false;
  if (open.taken) pp.restOfLine();
  else if (at.text === 'else') {
    pp.restOfLine();
    yes = true;
  } else if (at.text === 'elif') yes = condition(pp, at);
  else yes = isDefined(pp, at) === (at.text === 'elifdef');
  open.sawElse ||= at.text === 'else';
  open.taken ||= yes;
  return yes;
}

function openConditional(pp: Preprocessor, at: Token, yes: boolean): void {
  pp.currentFile?.conditionals.push({ directive: at.text, at, taken: yes, sawElse: false });
  if (!yes) skipGroups(pp);
}

/** Reached the end of a group that was read: what follows up to #endif is not. */
function endGroup(pp: Preprocessor, at: Token): void {
  if (!enterGroup(pp, at)) skipGroups(pp);
}

function message(pp: Preprocessor, at: Token): void {
  const lexer = pp.currentFile?.lexer;
  if (lexer) lexer.quiet = true;
  const tokens = pp.restOfLine();
  if (lexer) lexer.quiet = false;
  const text = spelling(tokens);
  const range = { start: at.loc, end: tokens.at(-1)?.end ?? at.end };
  if (at.text === 'error') pp.diagnostics.error(range, text === '' ? '#error' : text);
  else pp.diagnostics.warning('#warnings', range, text === '' ? '#warning' : text);
}

function pragma(pp: Preprocessor): void {
  const tokens = pp.restOfLine();
  const file = pp.currentFile?.lexer.file;
  if (tokens[0]?.text === 'once' && file) pp.once.add(file.path);
  else if (file?.bundled && tokens[0]?.text === 'iterscope' && tokens[1]?.text === 'deferred') {
    if (!canDefer(file.path, file.text, pp.macros.keys())) return;
    pp.addPragma(tokens);
    pp.currentFile?.lexer.skipTo();
  } else if (tokens.length > 0) {
    if (isDiagnosticPragma(tokens)) pp.diagnostics.warnings.obey(tokens);
    pp.addPragma([...tokens, ...(isKernelTypes(tokens) ? hidden(pp, tokens) : [])]);
  }
}

const isKernelTypes = ([first, second]: readonly Token[]): boolean =>
  first?.text === 'iterscope' && second?.text === 'kernel_types';

/** Names that are macros where vmlinux.h is read: `#define bpf_iter_meta unused` keeps the kernel's away. */
function hidden(pp: Preprocessor, [at]: readonly Token[]): Token[] {
  const macros = [...pp.macros.values()].filter(({ params, compute }) => params === null && compute === null);
  return at ? macros.map(({ name }) => ({ ...at, text: name })) : [];
}

const DIRECTIVES: Readonly<Record<string, (pp: Preprocessor, at: Token) => void>> = {
  include,
  include_next: include,
  import: include,
  define,
  undef: (pp, at) => {
    const [name] = pp.restOfLine();
    if (name?.kind === 'identifier') pp.macros.delete(name.text);
    else pp.diagnostics.error(rangeOf(name ?? at), 'macro name missing');
  },
  if: (pp, at) => openConditional(pp, at, condition(pp, at)),
  ifdef: (pp, at) => openConditional(pp, at, isDefined(pp, at)),
  ifndef: (pp, at) => openConditional(pp, at, !isDefined(pp, at)),
  elif: endGroup,
  elifdef: endGroup,
  elifndef: endGroup,
  else: endGroup,
  endif: endGroup,
  error: message,
  warning: message,
  pragma,
  line: (pp) => void pp.restOfLine(),
  ident: (pp) => void pp.restOfLine(),
};

/** Obeys the directive whose `#` was just read. */
export function runDirective(pp: Preprocessor, hash: Token): void {
  const lexer = pp.currentFile?.lexer;
  const name = lexer?.peek();
  if (!lexer || !name || name.bol || name.kind === 'eof') return;
  lexer.next();
  const run = Object.hasOwn(DIRECTIVES, name.text) ? DIRECTIVES[name.text] : undefined;
  if (run) run(pp, name);
  else {
    pp.restOfLine();
    if (name.kind === 'number') return;
    const meant = didYouMean(name.text, Object.keys(DIRECTIVES));
    pp.diagnostics.error(
      { start: hash.loc, end: name.end },
      `invalid preprocessing directive '#${name.text}'${meant === null ? '' : `; did you mean '#${meant}'?`}`,
    );
  }
}
