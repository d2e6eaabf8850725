/**
 * Macros: what a definition holds and how one use of it is replaced. Pure token lists in, token lists out;
 * the preprocessor owns the order in which tokens are read again.
 */
import type { Token } from './lex.ts';
import type { Range } from './source.ts';

export interface Macro {
  readonly name: string;
  /** null: object-like. The last one of a variadic macro is `__VA_ARGS__` or the name given (`args...`). */
  readonly params: readonly string[] | null;
  readonly variadic: boolean;
  readonly body: readonly Token[];
  readonly range: Range;
  /** Replaced by code instead of a body: `__LINE__`, `__COUNTER__`, `__has_builtin`, ... */
  readonly compute: ((use: Token, args: readonly Token[]) => Token[]) | null;
  /** Its expansion is being read: the name means nothing now. */
  active: boolean;
}

/** One argument: as written, and (once, if somebody needs it) fully expanded. */
export interface MacroArg {
  readonly tokens: readonly Token[];
  readonly expanded: () => readonly Token[];
}

/** What a macro's text needs from around it. */
export interface SubstitutionContext {
  /** Reads `text` as one token; null when it is none. */
  readonly paste: (text: string, at: Token) => Token | null;
  /** Reports that two tokens cannot be pasted. */
  readonly badPaste: (left: string, right: string, at: Token) => void;
}

/** Makes a token look as if it stood at `use`. */
const moved = ({ kind, text, space, frozen }: Token, { loc, end }: Token): Token => ({
  kind,
  text,
  loc,
  end,
  space,
  bol: false,
  frozen,
});

/** `#x`: the argument's spelling as a string literal. */
function stringify(arg: readonly Token[], use: Token, space: boolean): Token {
  let text = '';
  for (const [i, token] of arg.entries()) {
    if (i > 0 && (token.space || token.bol)) text += ' ';
    text +=
      token.kind === 'string' || token.kind === 'char' ? token.text.replace(/[\\"]/g, '\\$&') : token.text;
  }
  return { kind: 'string', text: `"${text}"`, loc: use.loc, end: use.end, space, bol: false, frozen: false };
}

const isPunct = (token: Token | undefined, text: string): boolean =>
  token?.kind === 'punct' && token.text === text;

/** Index after the parenthesis that closes the one at `open`, or the end. */
function closing(body: readonly Token[], open: number): number {
  let depth = 0;
  for (let i = open; i < body.length; i++) {
    if (isPunct(body[i], '(')) depth++;
    if (isPunct(body[i], ')') && --depth === 0) return i;
  }
  return body.length;
}

/** One replacement of one use: walks the body and builds `out`. */
class Substitution {
  private readonly macro: Macro;
  private readonly args: readonly MacroArg[];
  private readonly use: Token;
  private readonly context: SubstitutionContext;

  constructor(macro: Macro, args: readonly MacroArg[], use: Token, context: SubstitutionContext) {
    this.macro = macro;
    this.args = args;
    this.use = use;
    this.context = context;
  }

  private param(token: Token | undefined): number {
    return token?.kind === 'identifier' ? (this.macro.params?.indexOf(token.text) ?? -1) : -1;
  }

  private isVariadic(param: number): boolean {
    return this.macro.variadic && param === (this.macro.params?.length ?? 0) - 1;
  }

  private get variadicTokens(): readonly Token[] {
    return this.macro.variadic ? (this.args[(this.macro.params?.length ?? 0) - 1]?.expanded() ?? []) : [];
  }

  /** Joins `right` to the end of `out`; an empty side is a placemarker and vanishes. */
  private paste(out: Token[], right: readonly Token[]): void {
    const [first, ...rest] = right;
    if (!first) return;
    const last = out.pop();
    if (!last) {
      out.push(...right);
      return;
    }
    const joined = this.context.paste(last.text + first.text, this.use);
    if (joined) out.push({ ...joined, loc: last.loc, end: last.end, space: last.space, bol: false }, ...rest);
    else {
      this.context.badPaste(last.text, first.text, this.use);
      out.push(last, ...right);
    }
  }

  /** The tokens that body[i] stands for as an operand of `##`, and how many body tokens that takes. */
  private operand(body: readonly Token[], i: number): { tokens: readonly Token[]; length: number } {
    const token = body[i];
    if (!token) return { tokens: [], length: 0 };
    if (isPunct(token, '#') && this.macro.params && this.param(body[i + 1]) >= 0)
      return {
        tokens: [stringify(this.args[this.param(body[i + 1])]?.tokens ?? [], this.use, token.space)],
        length: 2,
      };
    const param = this.param(token);
    return { tokens: param >= 0 ? (this.args[param]?.tokens ?? []) : [moved(token, this.use)], length: 1 };
  }

  run(body: readonly Token[]): Token[] {
    const out: Token[] = [];
    for (let i = 0; i < body.length; i++) {
      const token = body[i];
      if (!token) break;
      if (isPunct(token, '##') && i > 0 && i + 1 < body.length) {
        const right = this.operand(body, i + 1);
        this.paste(out, right.tokens);
        i += right.length;
        continue;
      }
      if (isPunct(token, '#') && this.macro.params && this.param(body[i + 1]) >= 0) {
        out.push(...this.operand(body, i).tokens);
        i++;
        continue;
      }
      // GNU: `, ## args` loses the comma when there are no arguments, and pastes nothing otherwise.
      const after = this.param(body[i + 2]);
      if (isPunct(token, ',') && isPunct(body[i + 1], '##') && after >= 0 && this.isVariadic(after)) {
        const { variadicTokens } = this;
        if (variadicTokens.length > 0) out.push(moved(token, this.use), ...variadicTokens);
        i += 2;
        continue;
      }
      if (this.macro.variadic && token.text === '__VA_OPT__' && isPunct(body[i + 1], '(')) {
        const end = closing(body, i + 1);
        if (this.variadicTokens.length > 0) out.push(...this.run(body.slice(i + 2, end)));
        i = end;
        continue;
      }
      const param = this.param(token);
      if (param < 0) out.push(moved(token, this.use));
      else if (isPunct(body[i + 1], '##')) this.pushPlacemarked(out, body, i, param);
      else {
        const [first, ...rest] = this.args[param]?.expanded() ?? [];
        if (first) out.push({ ...first, space: token.space, bol: false }, ...rest);
      }
    }
    return out;
  }

  /** The left side of `##`: when it is empty, the right side must not be pasted to what came before. */
  private pushPlacemarked(out: Token[], body: readonly Token[], i: number, param: number): void {
    const tokens = this.args[param]?.tokens ?? [];
    if (tokens.length > 0) {
      out.push(...tokens);
      return;
    }
    const next = body[i + 1];
    if (out.length > 0 && next) out.push({ ...moved(next, this.use), kind: 'other', text: '' });
  }
}

/** The tokens one use of a macro is replaced by. */
export function substitute(
  macro: Macro,
  args: readonly MacroArg[],
  use: Token,
  context: SubstitutionContext,
): Token[] {
  const out = new Substitution(macro, args, use, context).run(macro.body).filter((t) => t.text !== '');
  const [first, ...rest] = out;
  return first ? [{ ...first, space: use.space || use.bol, bol: false }, ...rest] : [];
}
