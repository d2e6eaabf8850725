/**
 * The preprocessor: files in, one list of tokens out.
 *
 * Reading is a stack. At its bottom lie files, being lexed; above them lists of tokens: macro expansions and
 * tokens read ahead. A macro is `active` while its expansion lies on the stack, and its own name, met then,
 * is frozen for good. Arguments are expanded apart, above a list with `barrier`, which ends like a file.
 *
 *     file.c ── lexer ─┐
 *     header ── lexer ─┼─ next() ── expanded() ── run(): tokens + pragmas for the parser
 *     expansions ──────┘     └ directives
 *
 * Source: C11 6.10, GNU and clang extensions.
 */
import type { Diagnostics } from './diagnostic.ts';
import { allTokens, headerLexer, Lexer, textLexer } from './lex.ts';
import type { Token } from './lex.ts';
import { runDirective } from './pp_directive.ts';
import type { Conditional } from './pp_directive.ts';
import { substitute } from './pp_macro.ts';
import type { Macro, MacroArg } from './pp_macro.ts';
import { CPUS } from './cpu.ts';
import type { Cpu } from './cpu.ts';
import { predefine } from './pp_predefined.ts';
import { PROFILES } from './profile.ts';
import type { Profile } from './profile.ts';
import { stringBytes } from './literal.ts';
import { latin1Decode } from '../../shared/utf8.ts';
import { all, keepLength, keepMap, keepSet } from './keep.ts';
import type { PutBack } from './keep.ts';
import type { Loc, SourceFile, Sources } from './source.ts';

/** How many tokens may come out of macros, and out of files; a bomb of macros or #includes ends here. */
const MAX_EXPANDED = 1_000_000;
const MAX_READ = 8_000_000;
const MAX_ARGUMENT_DEPTH = 200;

interface FileStream {
  readonly kind: 'file';
  readonly lexer: Lexer;
  readonly conditionals: Conditional[];
}
interface ListStream {
  readonly kind: 'list';
  readonly tokens: readonly Token[];
  at: number;
  /** Active while this list is read. */
  readonly macro: Macro | null;
  /** Ends with `eof` instead of going on with what lies below. */
  readonly barrier: boolean;
}

/** A #pragma the parser wants, before the token with index `before`. */
export interface Pragma {
  readonly before: number;
  readonly tokens: readonly Token[];
}

/** Text of a file by the path after #include; null: no such file. */
export type FileProvider = (path: string) => string | null;

export interface Preprocessed {
  readonly tokens: readonly Token[];
  readonly pragmas: readonly Pragma[];
}

/** Nothing more can be read: the budget is spent. */
class PreprocessorStop extends Error {}

const EOF_AT = (loc: number): Token => ({
  kind: 'eof',
  text: '',
  loc,
  end: loc,
  space: false,
  bol: true,
  frozen: false,
});

const isDirective = ({ bol, kind, text }: Token): boolean => bol && kind === 'punct' && text === '#';

export class Preprocessor {
  readonly macros = new Map<string, Macro>();
  readonly sources: Sources;
  readonly diagnostics: Diagnostics;
  readonly provider: FileProvider;
  readonly profile: Profile;
  readonly cpu: Cpu;
  /** Files that said #pragma once. */
  readonly once = new Set<string>();
  readonly pragmas: Pragma[] = [];
  private readonly stack: (FileStream | ListStream)[] = [];
  private readonly output: Token[] = [];
  /** What `_Pragma` was given, as tokens: a macro says the same each time. */
  private readonly pragmaTexts = new Map<string, readonly Token[]>();
  private expandedTokens = 0;
  private readTokens = 0;
  private argumentDepth = 0;
  /** `readHeaders` is at work. */
  private inHeaders = false;
  private counter = 0;
  private lastLoc = 0;

  constructor(
    sources: Sources,
    diagnostics: Diagnostics,
    provider: FileProvider,
    profile: Profile = PROFILES.bpf,
    cpu: Cpu = CPUS.v3,
  ) {
    this.sources = sources;
    this.diagnostics = diagnostics;
    this.provider = provider;
    this.profile = profile;
    this.cpu = cpu;
    predefine(this);
  }

  /** What has been read so far; `eof` stands last once something has. */
  get result(): Preprocessed {
    return { tokens: this.output, pragmas: this.pragmas };
  }

  /** Begins with the file that is compiled. @param room how long its text may become */
  open(path: string, text: string, room = 0): void {
    this.enterFile(path, text, false, 0, room);
  }

  /** Preprocesses the file and everything it includes, up to its first token from `end` on. */
  readTo(end: Loc): void {
    if (this.output.at(-1)?.kind === 'eof') this.output.pop();
    try {
      for (;;) {
        if (end !== Infinity && this.nextInFile >= end) break;
        const token = this.expanded();
        if (token.kind === 'eof') break;
        if (token.kind === 'identifier' && token.text === '_Pragma' && !token.frozen)
          this.pragmaOperator(token);
        else this.output.push(token);
      }
    } catch (error) {
      if (!(error instanceof PreprocessorStop)) throw error;
      this.stack.length = 0;
    }
    this.output.push(EOF_AT(this.lastLoc));
  }

  /**
   * Preprocesses what the file begins with: directives, and everything they include.
   *
   * @returns where the first line begins that is no directive; null when something is still open there
   */
  readHeaders(): Loc | null {
    this.inHeaders = true;
    this.readTo(Infinity);
    this.inHeaders = false;
    const [file, ...above] = this.stack;
    if (file?.kind !== 'file' || above.length > 0 || file.conditionals.length > 0) return null;
    const { loc, bol } = file.lexer.peek();
    return bol ? loc : null;
  }

  /** Where the file that is compiled goes on; 0 while something else is being read. */
  private get nextInFile(): Loc {
    const [file, ...above] = this.stack;
    return file?.kind === 'file' && above.length === 0 ? file.lexer.peek().loc : 0;
  }

  /** Nothing is open at `end`: no macro, no #if, no other file. Then reading can begin again here. */
  isSettledAt(end: Loc): boolean {
    const [file, ...above] = this.stack;
    const plain = file?.kind === 'file' && above.length === 0 && file.conditionals.length === 0;
    return plain && this.lastLoc === end;
  }

  /** For `readOn`. */
  keep(): PutBack {
    const { expandedTokens, readTokens, counter, lastLoc } = this;
    // More tokens come in the place of the last, which is `eof`.
    const count = this.output.length - 1;
    return all(keepMap(this.macros), keepSet(this.once), keepLength(this.pragmas), () => {
      this.output.length = count;
      for (const macro of this.macros.values()) macro.active = false;
      Object.assign(this, { expandedTokens, readTokens, counter, lastLoc, argumentDepth: 0 });
    });
  }

  /** Goes on in another text of the file, from `at` on; before that it is the same. */
  readOn(file: SourceFile, at: Loc, startsLine = false): void {
    const lexer = new Lexer(file, this.diagnostics);
    if (startsLine) lexer.beginAt(at - file.base);
    else lexer.skipTo(at - file.base);
    this.stack.length = 0;
    this.stack.push({ kind: 'file', lexer, conditionals: [] });
  }

  nextCounter(): number {
    return this.counter++;
  }

  /** Depth of #include. */
  get includeDepth(): number {
    return this.stack.reduce((n, s) => n + (s.kind === 'file' ? 1 : 0), 0);
  }

  get currentFile(): FileStream | null {
    for (let i = this.stack.length - 1; i >= 0; i--) {
      const stream = this.stack[i];
      if (stream?.kind === 'file') return stream;
    }
    return null;
  }

  enterFile(path: string, text: string, bundled: boolean, includedAt: Loc, room = 0): void {
    const file = this.sources.add(path, text, bundled, includedAt, room);
    const lexer = bundled ? headerLexer(file, this.diagnostics) : new Lexer(file, this.diagnostics);
    this.stack.push({ kind: 'file', lexer, conditionals: [] });
  }

  addPragma(tokens: readonly Token[]): void {
    this.pragmas.push({ before: this.output.length, tokens });
  }

  /** The tokens left on the line of a directive. */
  restOfLine(): Token[] {
    const tokens: Token[] = [];
    const lexer = this.currentFile?.lexer;
    if (!lexer) return tokens;
    while (!lexer.peek().bol) tokens.push(lexer.next());
    return tokens;
  }

  /** Expands a list of tokens by itself, as for #if or an argument. */
  expandList(tokens: readonly Token[]): Token[] {
    const at = tokens[0];
    if (at && this.argumentDepth >= MAX_ARGUMENT_DEPTH) {
      this.diagnostics.error({ start: at.loc, end: at.end }, 'macro arguments are nested too deeply');
      throw new PreprocessorStop();
    }
    this.argumentDepth++;
    const base = this.stack.length;
    this.stack.push({ kind: 'list', tokens, at: 0, macro: null, barrier: true });
    const out: Token[] = [];
    for (let token = this.expanded(); token.kind !== 'eof'; token = this.expanded()) out.push(token);
    this.stack.length = base;
    this.argumentDepth--;
    return out;
  }

  /**
   * The next token before expansion; directives are obeyed on the way.
   *
   * @param stops ends before a line of the file that is compiled which is no directive
   */
  private next(stops = false): Token {
    for (;;) {
      const top = this.stack.at(-1);
      if (!top) return EOF_AT(this.lastLoc);
      if (top.kind === 'list') {
        const token = top.tokens[top.at];
        if (token) {
          top.at++;
          if (++this.expandedTokens > MAX_EXPANDED) this.stop(token, 'macros expand to too many tokens');
          return token;
        }
        if (top.barrier) return EOF_AT(this.lastLoc);
        if (top.macro) top.macro.active = false;
        this.stack.pop();
        continue;
      }
      if (stops && this.stack.length === 1 && !isDirective(top.lexer.peek())) return EOF_AT(this.lastLoc);
      const token = top.lexer.next();
      if (token.kind === 'eof') {
        this.leaveFile(top, token);
        continue;
      }
      this.lastLoc = token.end;
      if (++this.readTokens > MAX_READ) this.stop(token, 'this program is too large');
      if (isDirective(token)) runDirective(this, token);
      else return token;
    }
  }

  private stop(at: Token, message: string): never {
    this.diagnostics.error({ start: at.loc, end: at.end }, message);
    throw new PreprocessorStop();
  }

  private leaveFile(stream: FileStream, eof: Token): void {
    for (const open of stream.conditionals)
      this.diagnostics.error({ start: open.at.loc, end: open.at.end }, `unterminated #${open.directive}`);
    this.stack.pop();
    this.lastLoc = eof.loc;
  }

  private unread(token: Token): void {
    if (token.kind !== 'eof')
      this.stack.push({ kind: 'list', tokens: [token], at: 0, macro: null, barrier: false });
  }

  /** The next token after expansion; `eof` at the end of everything or at a barrier. */
  private expanded(): Token {
    for (;;) {
      // What a macro is given may stand behind the headers.
      const token = this.next(this.inHeaders);
      if (token.kind !== 'identifier' || token.frozen) return token;
      const macro = this.macros.get(token.text);
      if (!macro) return token;
      if (macro.active) return { ...token, frozen: true };
      if (!this.expandMacro(macro, token)) return token;
    }
  }

  /** @returns false when the name of a function-like macro stands without arguments */
  private expandMacro(macro: Macro, name: Token): boolean {
    let use = name;
    let args: MacroArg[] = [];
    if (macro.params) {
      const open = this.next();
      if (open.kind !== 'punct' || open.text !== '(') {
        this.unread(open);
        return false;
      }
      const collected = this.collectArguments(macro, macro.params, name);
      if (!collected) return true;
      ({ args } = collected);
      const file = this.sources.fileAt(name.loc);
      const { close } = collected;
      if (close.end > name.loc && file === this.sources.fileAt(close.loc)) use = { ...name, end: close.end };
    }
    if (!this.sources.macroUses.has(name.loc) && !this.sources.fileAt(name.loc)?.bundled)
      this.sources.macroUses.set(name.loc, { name: macro.name, definition: macro.range });
    const tokens = macro.compute
      ? macro.compute(use, args[0]?.tokens ?? [])
      : substitute(macro, args, use, {
          paste: (text) => this.paste(text),
          badPaste: (left, right, at) =>
            this.diagnostics.error(
              { start: at.loc, end: at.end },
              `pasting formed '${left}${right}', an invalid preprocessing token`,
            ),
        });
    macro.active = macro.compute === null;
    this.stack.push({ kind: 'list', tokens, at: 0, macro, barrier: false });
    return true;
  }

  private paste(text: string): Token | null {
    const lexer = textLexer(text, this.diagnostics);
    const token = lexer.next();
    return token.kind !== 'eof' &&
      token.kind !== 'other' &&
      lexer.next().kind === 'eof' &&
      token.text === text
      ? token
      : null;
  }

  /** Reads up to the closing parenthesis; null (reported) when the arguments do not fit. */
  private collectArguments(
    macro: Macro,
    params: readonly string[],
    name: Token,
  ): { readonly args: MacroArg[]; readonly close: Token } | null {
    const lists: Token[][] = [[]];
    const last = macro.variadic ? params.length : Infinity;
    let depth = 0;
    let close: Token;
    for (;;) {
      const token = this.next();
      if (token.kind === 'eof') {
        this.diagnostics.error(
          { start: name.loc, end: name.end },
          `unterminated argument list of macro '${macro.name}'`,
        );
        return null;
      }
      if (token.kind === 'punct') {
        if (token.text === '(') depth++;
        else if (token.text === ')' && depth-- === 0) {
          close = token;
          break;
        } else if (token.text === ',' && depth === 0 && lists.length < last) {
          lists.push([]);
          continue;
        }
      }
      lists.at(-1)?.push(this.frozenIfActive(token));
    }
    if (params.length === 0 && lists.length === 1 && lists[0]?.length === 0) lists.pop();
    const required = macro.variadic ? params.length - 1 : params.length;
    if (lists.length < required || lists.length > params.length) {
      const few = lists.length < required;
      this.diagnostics.error(
        { start: name.loc, end: close.end > name.loc ? close.end : name.end },
        `too ${few ? 'few' : 'many'} arguments for macro '${macro.name}': it takes ${required}${macro.variadic ? ' or more' : ''}, given ${lists.length}`,
        [{ message: `macro '${macro.name}' defined here`, range: macro.range }],
      );
      return null;
    }
    while (lists.length < params.length) lists.push([]);
    return { args: lists.map((tokens) => this.argument(tokens)), close };
  }

  private frozenIfActive(token: Token): Token {
    const active =
      token.kind === 'identifier' && !token.frozen && this.macros.get(token.text)?.active === true;
    return active ? { ...token, frozen: true } : token;
  }

  private argument(tokens: readonly Token[]): MacroArg {
    let expanded: readonly Token[] | null = null;
    return { tokens, expanded: () => (expanded ??= this.expandsTo(tokens)) };
  }

  /** What a list of tokens becomes: mostly no word of it is a macro, and it stays. */
  private expandsTo(tokens: readonly Token[]): readonly Token[] {
    const changes = tokens.some(
      ({ kind, text, frozen }) => kind === 'identifier' && !frozen && this.macros.has(text),
    );
    return changes ? this.expandList(tokens) : tokens;
  }

  /** `_Pragma("text")` */
  private pragmaOperator(at: Token): void {
    const [open, text, close] = [this.next(), this.next(), this.next()];
    if (open.text !== '(' || text.kind !== 'string' || close.text !== ')') {
      this.diagnostics.error({ start: at.loc, end: at.end }, '_Pragma takes a parenthesized string literal');
      return;
    }
    let tokens = this.pragmaTexts.get(text.text);
    if (!tokens) {
      const source = latin1Decode(stringBytes(text.text).bytes);
      this.pragmaTexts.set(text.text, (tokens = allTokens(textLexer(source, this.diagnostics))));
    }
    this.addPragma(tokens.map((t) => ({ ...t, loc: at.loc, end: at.end })));
  }
}
