/**
 * The parser's state: a cursor over the tokens, and the checker's context. Grammar lives in parse_*.ts, rules
 * in check_*.ts; the grammar calls the rules as it reads, so names and types are known at once and C's
 * question "is this identifier a type?" always has an answer.
 */
import type { Context } from './check_context.ts';
import type { Operand } from './check_precedence.ts';
import { deferDeclarations } from './deferred.ts';
import type { ReadTokens } from './deferred.ts';
import type { UnrollHint } from './ast.ts';
import { all, keepList } from './keep.ts';
import type { PutBack } from './keep.ts';
import type { Token } from './lex.ts';
import { Cursor, rangeOf } from './parse_cursor.ts';
import type { Preprocessed } from './preprocess.ts';
import { isDiagnosticPragma } from './warning_state.ts';

export class Parser extends Cursor {
  readonly context: Context;
  /** What #pragma unroll said about the next loop. */
  unroll: UnrollHint = 'none';
  /** The binary operator that the expression just read ends up as, unless parentheses enclose it. */
  operator: Operand['operator'] = null;

  private readonly state: PragmaState;

  /** @param declare reads a declaration that a header deferred */
  constructor(input: Preprocessed, context: Context, declare: ReadTokens = () => undefined) {
    const pragmas = new PragmaState(context, (hint) => (this.unroll = hint), declare);
    super(input.tokens, input.pragmas, context.diagnostics, (tokens) => pragmas.obey(tokens));
    this.context = context;
    this.state = pragmas;
    this.obeyPragmas();
  }

  /** More tokens stand behind those that were read. */
  goOn(): void {
    this.obeyPragmas();
  }

  override keep(): PutBack {
    const { unroll } = this;
    return all(super.keep(), this.state.keep(), () => {
      this.unroll = unroll;
    });
  }

  /** The hint for the loop that starts here; used up by it. */
  takeUnroll(): UnrollHint {
    const hint = this.unroll;
    this.unroll = 'none';
    return hint;
  }
}

/** #pragma lines that mean something to the compiler; all others are passed over, as clang does. */
class PragmaState {
  private readonly context: Context;
  private readonly setUnroll: (hint: UnrollHint) => void;
  private readonly declare: ReadTokens;
  private readonly packStack: (number | null)[] = [];
  /** One entry per push: did it push preserve_access_index? */
  private readonly attributeStack: boolean[] = [];

  constructor(context: Context, setUnroll: (hint: UnrollHint) => void, declare: ReadTokens) {
    this.context = context;
    this.setUnroll = setUnroll;
    this.declare = declare;
  }

  keep(): PutBack {
    return all(keepList(this.packStack), keepList(this.attributeStack));
  }

  obey(tokens: readonly Token[]): void {
    const words = tokens.map((t) => t.text);
    const [first = '', second = '', third = ''] = words;
    if (isDiagnosticPragma(tokens)) this.diagnostic(tokens);
    else if (first === 'clang' && second === 'attribute') this.attribute(words);
    else if (first === 'clang' && second === 'loop') this.loop(words.slice(2).join(''));
    else if (first === 'unroll' || (first === 'GCC' && second === 'unroll'))
      this.unrollBy(words.find((w) => /^\d+$/.test(w)));
    else if (first === 'nounroll') this.setUnroll('disable');
    else if (first === 'pack') this.pack(words.filter((w) => /^\w+$/.test(w)).slice(1));
    else if (first === 'iterscope' && second === 'kernel_types') {
      this.context.usesKernelTypes = true;
      this.context.kernelTypesDefined ||= third !== 'uapi';
      for (const name of words.slice(third === 'uapi' ? 3 : 2)) this.context.hiddenKernelNames.add(name);
    } else if (first === 'iterscope' && second === 'deferred')
      deferDeclarations(this.context, tokens[0]?.loc ?? 0, this.declare);
  }

  private unrollBy(count: string | undefined): void {
    this.setUnroll(count === undefined ? 'enable' : Number(count) > 1 ? Number(count) : 'disable');
  }

  private loop(text: string): void {
    const count = /unroll_count\((\d+)\)/.exec(text)?.[1];
    if (count !== undefined) this.unrollBy(count);
    else if (text.includes('unroll(full)')) this.setUnroll('full');
    else if (text.includes('unroll(enable)')) this.setUnroll('enable');
    else if (text.includes('unroll(disable)')) this.setUnroll('disable');
  }

  private diagnostic(tokens: readonly Token[]): void {
    const { diagnostics } = this.context;
    const wrong = diagnostics.warnings.obey(tokens);
    const at = tokens[3];
    if (wrong !== null && at) this.context.warning('unknown-warning-option', rangeOf(at), wrong);
  }

  private attribute(words: readonly string[]): void {
    if (words.includes('push')) {
      const preserve = words.includes('preserve_access_index');
      this.attributeStack.push(preserve);
      if (preserve) this.context.pushedPreserve++;
    } else if (words.includes('pop') && this.attributeStack.pop() === true) this.context.pushedPreserve--;
  }

  private pack(words: readonly string[]): void {
    const { context } = this;
    const size = words.find((w) => /^\d+$/.test(w));
    if (words.includes('push')) this.packStack.push(context.pack);
    if (words.includes('pop')) context.pack = this.packStack.pop() ?? null;
    else if (size !== undefined) context.pack = Number(size);
    else if (words.length === 0) context.pack = null;
  }
}
