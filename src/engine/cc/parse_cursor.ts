/**
 * Where the parser is in the token list, and the ways to move: accept, expect, recover.
 *
 * Nothing here or above it throws on bad input. `nest` bounds recursion, so that no text, however nested,
 * can overflow the stack; beyond the bound the rest of the file is skipped.
 */
import { inserted } from './diagnostic.ts';
import type { Diagnostics } from './diagnostic.ts';
import type { PutBack } from './keep.ts';
import type { Token } from './lex.ts';
import type { Pragma } from './preprocess.ts';
import type { Loc, Range } from './source.ts';

const MAX_NESTING = 256;
const NOTHING: Token = { kind: 'eof', text: '', loc: 0, end: 0, space: false, bol: true, frozen: false };

export class Cursor {
  readonly diagnostics: Diagnostics;
  private readonly tokens: readonly Token[];
  private readonly pragmas: readonly Pragma[];
  private readonly onPragma: (tokens: readonly Token[]) => void;
  private at = 0;
  private nextPragma = 0;
  private depth = 0;
  constructor(
    tokens: readonly Token[],
    pragmas: readonly Pragma[],
    diagnostics: Diagnostics,
    onPragma: (tokens: readonly Token[]) => void,
  ) {
    this.tokens = tokens;
    this.pragmas = pragmas;
    this.diagnostics = diagnostics;
    this.onPragma = onPragma;
  }

  /** The last of the tokens; more may come in its place. */
  private get eof(): Token {
    return this.tokens.at(-1) ?? NOTHING;
  }

  get token(): Token {
    return this.tokens[this.at] ?? this.eof;
  }

  peek(ahead = 1): Token {
    return this.tokens[this.at + ahead] ?? this.eof;
  }

  /** Where the last token that was taken ends. */
  get lastEnd(): Loc {
    return (this.tokens[this.at - 1] ?? this.token).end;
  }

  get atEnd(): boolean {
    return this.token.kind === 'eof';
  }

  advance(): Token {
    const token = this.token;
    if (this.at < this.tokens.length - 1) this.at++;
    this.obeyPragmas();
    return token;
  }

  /** Pragmas take effect once, when the token after them is reached. */
  protected obeyPragmas(): void {
    for (;;) {
      const pragma = this.pragmas[this.nextPragma];
      if (!pragma || pragma.before > this.at) return;
      this.nextPragma++;
      this.onPragma(pragma.tokens);
    }
  }

  is(text: string): boolean {
    const { token } = this;
    return token.text === text && (token.kind === 'punct' || token.kind === 'identifier');
  }

  accept(text: string): boolean {
    const found = this.is(text);
    if (found) this.advance();
    return found;
  }

  /** Takes `text`, or reports that it is missing behind the last token. */
  expect(text: string, after = ''): boolean {
    if (this.accept(text)) return true;
    const { token } = this;
    const sameLine = !token.bol && token.kind !== 'eof';
    const range = sameLine ? rangeOf(token) : { start: this.lastEnd, end: this.lastEnd + 1 };
    const missing = text === ';' || text === ')' || text === ']' ? inserted(this.lastEnd, text) : [];
    this.diagnostics.error(range, `expected '${text}'${after}`, [], missing);
    return false;
  }

  /** From `start` to the end of what was taken last. */
  since(start: Loc): Range {
    return { start, end: Math.max(this.lastEnd, start) };
  }

  /** A place to come back to with `rewind` (declarators are read inside out). */
  mark(): number {
    return this.at;
  }

  rewind(mark: number): void {
    this.at = mark;
  }

  /** From an opening bracket to behind its closing one. */
  skipBalanced(): void {
    let depth = 0;
    do {
      const { text, kind } = this.token;
      if (kind === 'punct') {
        if (text === '(' || text === '[' || text === '{') depth++;
        else if (text === ')' || text === ']' || text === '}') depth--;
      }
      this.advance();
    } while (depth > 0 && !this.atEnd);
  }

  /** After a mistake: skips to one of `stops` outside brackets, or before a `}` that closes more. */
  recover(...stops: readonly string[]): void {
    while (!this.atEnd) {
      const { text, kind } = this.token;
      if (kind === 'punct' && stops.includes(text)) return;
      if (kind === 'punct' && (text === '}' || text === ')' || text === ']')) {
        if (text === '}') return;
        this.advance();
      } else if (kind === 'punct' && (text === '(' || text === '[' || text === '{')) this.skipBalanced();
      else this.advance();
    }
  }

  keep(): PutBack {
    const { at, nextPragma } = this;
    return () => {
      this.at = at;
      this.nextPragma = nextPragma;
      this.depth = 0;
    };
  }

  /** Runs `body` one level deeper; `otherwise` once the program is nested too deeply. */
  nest<T>(body: () => T, otherwise: () => T): T {
    if (this.depth >= MAX_NESTING) {
      this.diagnostics.error(rangeOf(this.token), `nested more than ${MAX_NESTING} levels deep`);
      this.at = this.tokens.length - 1;
      return otherwise();
    }
    this.depth++;
    const result = body();
    this.depth--;
    return result;
  }
}

export const rangeOf = (token: Token): Range => ({ start: token.loc, end: token.end });
