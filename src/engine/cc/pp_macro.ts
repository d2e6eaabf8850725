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

/** A token at a place in the middle of a line. */
const placed = ({ kind, text, frozen }: Token, { loc, end }: Token, space: boolean): Token => ({
  kind,
  text,
  loc,
  end,
  space,
  bol: false,
  frozen,
});

/** Makes a token look as if it stood at `use`. */
const moved = (token: Token, use: Token): Token => placed(token, use, token.space);

/** The token with a space in front of it, or none. */
const spaced = (token: Token, space: boolean): Token => placed(token, token, space);

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

/** What is known of a body, whoever uses it. */
interface BodyFacts {
  /** Which parameter each token names, -1 for none. */
  readonly params: readonly number[];
  /** No `#`, no `##`, no `__VA_OPT__`: every token stands for itself or for an argument. */
  readonly plain: boolean;
}
/** A header's bodies live as long as the process. */
const factsOf = new WeakMap<readonly Token[], BodyFacts>();

function bodyFacts({ body, params }: Macro): BodyFacts {
  let known = factsOf.get(body);
  if (!known) {
    known = {
      params: body.map(({ kind, text }) => (params && kind === 'identifier' ? params.indexOf(text) : -1)),
      plain: body.every(({ text }) => text !== '#' && text !== '##' && text !== '__VA_OPT__'),
    };
    factsOf.set(body, known);
  }
  return known;
}

function append(out: Token[], tokens: readonly Token[], from = 0): void {
  for (let i = from; i < tokens.length; i++) out.push(tokens[i]!);
}

/** One replacement of one use: walks the body and builds `out`. */
class Substitution {
  private readonly macro: Macro;
  private readonly args: readonly MacroArg[];
  private readonly use: Token;
  private readonly context: SubstitutionContext;
  private readonly facts: BodyFacts;
  /** Empty tokens stand in `out`, for operands of `##` that are nothing. */
  private hasPlacemarkers = false;

  constructor(macro: Macro, args: readonly MacroArg[], use: Token, context: SubstitutionContext) {
    this.macro = macro;
    this.args = args;
    this.use = use;
    this.context = context;
    this.facts = bodyFacts(macro);
  }

  /** The parameter that body[i] names, or -1. */
  private param(i: number): number {
    return this.facts.params[i] ?? -1;
  }

  private isVariadic(param: number): boolean {
    return this.macro.variadic && param === (this.macro.params?.length ?? 0) - 1;
  }

  private get variadicTokens(): readonly Token[] {
    return this.macro.variadic ? (this.args[(this.macro.params?.length ?? 0) - 1]?.expanded() ?? []) : [];
  }

  /** Joins `right` to the end of `out`; an empty side is a placemarker and vanishes. */
  private paste(out: Token[], right: readonly Token[]): void {
    const [first] = right;
    if (!first) return;
    const last = out.pop();
    if (!last) return append(out, right);
    const joined = this.context.paste(last.text + first.text, this.use);
    if (joined) {
      out.push({ ...joined, loc: last.loc, end: last.end, space: last.space, bol: false });
      append(out, right, 1);
    } else {
      this.context.badPaste(last.text, first.text, this.use);
      out.push(last);
      append(out, right);
    }
  }

  /** The tokens that body[i] stands for as an operand of `##`, and how many body tokens that takes. */
  private operand(i: number): { tokens: readonly Token[]; length: number } {
    const token = this.macro.body[i];
    if (!token) return { tokens: [], length: 0 };
    if (isPunct(token, '#') && this.param(i + 1) >= 0)
      return {
        tokens: [stringify(this.args[this.param(i + 1)]?.tokens ?? [], this.use, token.space)],
        length: 2,
      };
    const param = this.param(i);
    return { tokens: param >= 0 ? (this.args[param]?.tokens ?? []) : [moved(token, this.use)], length: 1 };
  }

  run(): Token[] {
    const out: Token[] = [];
    if (this.facts.plain) this.plain(out);
    else this.part(out, 0, this.macro.body.length);
    return this.hasPlacemarkers ? out.filter(({ text }) => text !== '') : out;
  }

  private plain(out: Token[]): void {
    const { body } = this.macro;
    for (let i = 0; i < body.length; i++) {
      const param = this.facts.params[i]!;
      if (param < 0) out.push(moved(body[i]!, this.use));
      else this.argument(out, param, body[i]!);
    }
  }

  /** An expanded argument in the place of its parameter. */
  private argument(out: Token[], param: number, place: Token): void {
    const tokens = this.args[param]?.expanded() ?? [];
    const [first] = tokens;
    if (first) out.push(spaced(first, place.space));
    append(out, tokens, 1);
  }

  /** What the body from `start` to `end` becomes. */
  private part(out: Token[], start: number, end: number): void {
    const { body } = this.macro;
    for (let i = start; i < end; i++) {
      const token = body[i]!;
      const param = this.param(i);
      if (token.kind === 'punct') {
        const taken = this.operator(out, token, i, start, end);
        if (taken > 0) i += taken - 1;
        else out.push(moved(token, this.use));
      } else if (this.macro.variadic && token.text === '__VA_OPT__' && isPunct(body[i + 1], '(')) {
        const close = closing(body, i + 1);
        if (this.variadicTokens.length > 0) this.part(out, i + 2, close);
        i = close;
      } else if (param < 0) out.push(moved(token, this.use));
      else if (i + 1 < end && isPunct(body[i + 1], '##')) this.pushPlacemarked(out, i, param);
      else this.argument(out, param, token);
    }
  }

  /** `#`, `##` and `, ##`. @returns how many tokens of the body that took, 0 when `token` is neither */
  private operator(out: Token[], token: Token, i: number, start: number, end: number): number {
    const { body } = this.macro;
    if (token.text === '##' && i > start && i + 1 < end) {
      const right = this.operand(i + 1);
      this.paste(out, right.tokens);
      return 1 + right.length;
    }
    if (token.text === '#' && this.param(i + 1) >= 0) {
      append(out, this.operand(i).tokens);
      return 2;
    }
    // GNU: `, ## args` loses the comma when there are no arguments, and pastes nothing otherwise.
    if (token.text === ',' && isPunct(body[i + 1], '##')) {
      const after = this.param(i + 2);
      if (after < 0 || !this.isVariadic(after)) return 0;
      const { variadicTokens } = this;
      if (variadicTokens.length > 0) {
        out.push(moved(token, this.use));
        append(out, variadicTokens);
      }
      return 3;
    }
    return 0;
  }

  /** The left side of `##`: when it is empty, the right side must not be pasted to what came before. */
  private pushPlacemarked(out: Token[], i: number, param: number): void {
    const tokens = this.args[param]?.tokens ?? [];
    if (tokens.length > 0) return append(out, tokens);
    const next = this.macro.body[i + 1];
    if (out.length === 0 || !next) return;
    this.hasPlacemarkers = true;
    out.push({ ...moved(next, this.use), kind: 'other', text: '' });
  }
}

/** The tokens one use of a macro is replaced by. */
export function substitute(
  macro: Macro,
  args: readonly MacroArg[],
  use: Token,
  context: SubstitutionContext,
): Token[] {
  const out = new Substitution(macro, args, use, context).run();
  const [first] = out;
  if (first) out[0] = spaced(first, use.space || use.bol);
  return out;
}
