/**
 * Text into preprocessing tokens. A token is cut from one file; comments, line splices and blanks only leave
 * the flags `space` and `bol` (begin of line) on the token after them.
 */
import type { Diagnostics } from './diagnostic.ts';
import type { Loc, SourceFile } from './source.ts';

export type TokenKind =
  | 'identifier'
  /** A preprocessing number: 0x1fULL, 1.5e3, ... */
  | 'number'
  /** 'c', prefix and quotes included. */
  | 'char'
  /** "text", prefix and quotes included. */
  | 'string'
  | 'punct'
  /** A character that C has no use for. */
  | 'other'
  | 'eof';

export interface Token {
  readonly kind: TokenKind;
  readonly text: string;
  readonly loc: Loc;
  readonly end: Loc;
  /** Blanks stood before it. */
  readonly space: boolean;
  /** First on its line. */
  readonly bol: boolean;
  /** A macro's own name inside its expansion: never expanded again. */
  readonly frozen: boolean;
}

/** Longest first. */
const PUNCTUATORS =
  '%:%: ... <<= >>= -> ++ -- << >> <= >= == != && || *= /= %= += -= &= ^= |= ## <: :> <% %> %: ' +
  '[ ] ( ) { } . & * + - ~ ! / % < > ^ | ? : ; = , #';
const DIGRAPHS: Readonly<Record<string, string>> = {
  '<:': '[',
  ':>': ']',
  '<%': '{',
  '%>': '}',
  '%:': '#',
  '%:%:': '##',
};
/** By the code of the first character. */
const byFirst: string[][] = Array.from({ length: 128 }, () => []);
for (const p of PUNCTUATORS.split(' ')) byFirst[p.charCodeAt(0)]!.push(p);

/** The longest punctuator that begins here with character `c`. */
function punctAt(text: string, at: number, c: number): string | undefined {
  for (const punct of byFirst[c] ?? []) if (punct.length === 1 || text.startsWith(punct, at)) return punct;
  return undefined;
}

const NEWLINE = 10;
const BACKSLASH = 92;
const isQuote = (c: number): boolean => c === 34 || c === 39;
/** How long the prefix of a literal that begins with character `c` is: `u8"`, `u'`, `L"`; 0: it is none. */
function quotePrefix(text: string, at: number, c: number): number {
  if (c !== 117 && c !== 85 && c !== 76) return 0;
  if (isQuote(text.charCodeAt(at + 1))) return 1;
  return c === 117 && text.charCodeAt(at + 1) === 56 && isQuote(text.charCodeAt(at + 2)) ? 2 : 0;
}
const isIdentStart = (c: number): boolean =>
  (c >= 97 && c <= 122) || (c >= 65 && c <= 90) || c === 95 || c === 36 || c >= 0xa0;
const isDigit = (c: number): boolean => c >= 48 && c <= 57;
const isIdentPart = (c: number): boolean => isIdentStart(c) || isDigit(c);

export class Lexer {
  readonly file: SourceFile;
  private readonly text: string;
  private readonly diagnostics: Diagnostics;
  private at = 0;
  private peeked: Token | null = null;
  /** The file's tokens, as of a file at 0, if somebody has cut them before; and the next of them. */
  private readonly ready: readonly Token[] | null;
  private nextReady = 0;
  /** Inside a group that #if leaves out: report nothing. */
  quiet = false;
  /** Where a line begins though no line end stands before it. */
  private begins = 0;

  constructor(file: SourceFile, diagnostics: Diagnostics, ready: readonly Token[] | null = null) {
    this.file = file;
    this.ready = ready;
    this.text = file.text;
    this.diagnostics = diagnostics;
    if (this.text.charCodeAt(0) === 0xfeff) this.at = 1;
  }

  /** The next token; `eof` (with `bol` set) again and again at the end. */
  next(): Token {
    const token = this.peeked ?? this.read();
    this.peeked = null;
    return token;
  }

  peek(): Token {
    this.peeked ??= this.read();
    return this.peeked;
  }

  /** After #include: `<path>` up to `>` on this line, or null when no `<` comes next. Nothing may be peeked. */
  angledHeader(): { readonly path: string; readonly loc: Loc; readonly end: Loc } | null {
    let i = this.at;
    while (this.text[i] === ' ' || this.text[i] === '\t') i++;
    if (this.text[i] !== '<') return null;
    const close = this.text.indexOf('>', i);
    const path = close < 0 ? '' : this.text.slice(i + 1, close);
    if (close < 0 || path.includes('\n')) return null;
    this.at = close + 1;
    return { path, loc: this.file.base + i, end: this.file.base + close + 1 };
  }

  /** Goes on reading at an offset of the file further on; by default, nowhere. */
  skipTo(offset: number = this.text.length): void {
    this.peeked = null;
    this.at = offset;
  }

  /** Begins to read at an offset, where a line begins. */
  beginAt(offset: number): void {
    this.at = offset;
    this.begins = offset;
  }

  private isSplice(i: number): number {
    if (this.text.charCodeAt(i) !== BACKSLASH) return 0;
    if (this.text.charCodeAt(i + 1) === NEWLINE) return 2;
    return this.text.charCodeAt(i + 1) === 13 && this.text.charCodeAt(i + 2) === NEWLINE ? 3 : 0;
  }

  private error(from: number, to: number, message: string): void {
    if (!this.quiet)
      this.diagnostics.error({ start: this.file.base + from, end: this.file.base + to }, message);
  }

  private skipBlockComment(from: number): void {
    const close = this.text.indexOf('*/', from + 2);
    if (close < 0) {
      this.error(from, from + 2, 'unterminated /* comment');
      this.at = this.text.length;
    } else this.at = close + 2;
  }

  private skipLineComment(): void {
    let i = this.at;
    while (i < this.text.length && this.text.charCodeAt(i) !== NEWLINE) i += this.isSplice(i) || 1;
    this.at = i;
  }

  private read(): Token {
    return this.ready ? this.replay(this.ready) : this.scan();
  }

  /** The next token of `ready`, moved to where the file is. */
  private replay(ready: readonly Token[]): Token {
    let token = ready[this.nextReady];
    while (token && token.loc < this.at) token = ready[++this.nextReady];
    if (!token) return this.scan();
    this.nextReady++;
    this.at = token.end;
    const { base } = this.file;
    return {
      kind: token.kind,
      text: token.text,
      loc: base + token.loc,
      end: base + token.end,
      space: token.space,
      bol: token.bol,
      frozen: false,
    };
  }

  private scan(): Token {
    const { text } = this;
    let space = false;
    let bol = this.at === this.begins;
    for (;;) {
      const c = text.charCodeAt(this.at);
      if (c === NEWLINE) {
        bol = true;
        this.at++;
      } else if (c === 32 || c === 9 || c === 13 || c === 11 || c === 12) {
        space = true;
        this.at++;
      } else if (c === 47 && text.charCodeAt(this.at + 1) === 47) {
        this.skipLineComment();
        space = true;
      } else if (c === 47 && text.charCodeAt(this.at + 1) === 42) {
        this.skipBlockComment(this.at);
        space = true;
      } else if (c === BACKSLASH && this.isSplice(this.at)) {
        this.at += this.isSplice(this.at);
      } else break;
    }
    const start = this.at;
    if (start >= text.length) return this.token('eof', '', start, space, true);
    const c = text.charCodeAt(start);
    if (isIdentStart(c)) {
      const prefix = quotePrefix(text, start, c);
      if (prefix > 0) return this.quoted(start, prefix, space, bol);
      return this.token('identifier', this.run(isIdentPart), start, space, bol);
    }
    if (isDigit(c) || (c === 46 && isDigit(text.charCodeAt(start + 1))))
      return this.token('number', this.number(), start, space, bol);
    if (c === 34 || c === 39) return this.quoted(start, 0, space, bol);
    const punct = punctAt(text, start, c);
    if (punct !== undefined) {
      this.at = start + punct.length;
      return this.token('punct', DIGRAPHS[punct] ?? punct, start, space, bol);
    }
    this.at++;
    return this.token('other', text.charAt(start), start, space, bol);
  }

  /** Characters that `accept` takes from here on, line splices dropped. */
  private run(accept: (c: number) => boolean): string {
    const start = this.at;
    let i = start;
    while (accept(this.text.charCodeAt(i))) i++;
    let out = this.text.slice(start, i);
    for (let splice = this.isSplice(i); splice > 0; splice = this.isSplice(i)) {
      let j = i + splice;
      if (!accept(this.text.charCodeAt(j))) break;
      const from = j;
      while (accept(this.text.charCodeAt(j))) j++;
      out += this.text.slice(from, j);
      i = j;
    }
    this.at = i;
    return out;
  }

  private number(): string {
    let previous = 0;
    return this.run((c) => {
      const sign = (c === 43 || c === 45) && 'epEP'.includes(String.fromCharCode(previous));
      const take = isIdentPart(c) || c === 46 || sign;
      if (take) previous = c;
      return take;
    });
  }

  private quoted(start: number, prefix: number, space: boolean, bol: boolean): Token {
    const quote = this.text.charCodeAt(start + prefix);
    let i = start + prefix + 1;
    let spliced = false;
    for (; i < this.text.length; i++) {
      const c = this.text.charCodeAt(i);
      if (c === quote || c === NEWLINE) break;
      if (c !== BACKSLASH) continue;
      const splice = this.isSplice(i);
      spliced ||= splice > 0;
      i += splice > 0 ? splice - 1 : 1;
    }
    const closed = this.text.charCodeAt(i) === quote;
    this.at = closed ? i + 1 : Math.min(i, this.text.length);
    if (!closed) {
      this.error(start, this.at, `missing terminating ${quote === 34 ? "'\"'" : "'"} character`);
      return this.token('other', this.text.slice(start, this.at), start, space, bol);
    }
    const raw = this.text.slice(start, this.at);
    const kind = quote === 34 ? 'string' : 'char';
    return this.token(kind, spliced ? raw.replace(/\\\r?\n/g, '') : raw, start, space, bol);
  }

  private token(kind: TokenKind, text: string, start: number, space: boolean, bol: boolean): Token {
    const { base } = this.file;
    return { kind, text, loc: base + start, end: base + this.at, space, bol, frozen: false };
  }
}

const headerTokens = new Map<string, readonly Token[]>();

/** A lexer over a bundled header, whose text is cut into tokens once per process. */
export function headerLexer(file: SourceFile, diagnostics: Diagnostics): Lexer {
  let tokens = headerTokens.get(file.text);
  if (!tokens) headerTokens.set(file.text, (tokens = allTokens(textLexer(file.text, diagnostics))));
  return new Lexer(file, diagnostics, tokens);
}

/** Every token up to the end, without `eof`. */
export function allTokens(lexer: Lexer): Token[] {
  const tokens: Token[] = [];
  for (let token = lexer.next(); token.kind !== 'eof'; token = lexer.next()) tokens.push(token);
  return tokens;
}

/** A lexer over text that is in no file; it reports nothing. */
export function textLexer(text: string, diagnostics: Diagnostics): Lexer {
  const file = { path: '', text, base: 0, bundled: true, includedAt: 0, lineStarts: null };
  const lexer = new Lexer(file, diagnostics);
  lexer.quiet = true;
  return lexer;
}
