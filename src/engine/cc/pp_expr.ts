/** The integer expressions of #if: all arithmetic is 64 bits wide, identifiers that are left are 0. */
import type { Token } from './lex.ts';
import { charConstant, integerLiteral } from './literal.ts';
import { precedenceOf } from './operators.ts';

interface Value {
  readonly value: bigint;
  readonly unsigned: boolean;
}

/** What is wrong with the expression; `message` says what, `at` where. */
export class PpExpressionError extends Error {
  override readonly name = 'PpExpressionError';
  readonly at: Token | null;
  constructor(message: string, at: Token | null) {
    super(message);
    this.at = at;
  }
}

const MAX_DEPTH = 200;
const truth = (b: boolean): Value => ({ value: b ? 1n : 0n, unsigned: false });
const wrap = (value: bigint, unsigned: boolean): Value => ({
  value: unsigned ? BigInt.asUintN(64, value) : BigInt.asIntN(64, value),
  unsigned,
});

class PpExpression {
  private at = 0;
  private depth = 0;
  private readonly tokens: readonly Token[];

  constructor(tokens: readonly Token[]) {
    this.tokens = tokens;
  }

  evaluate(): bigint {
    const { value } = this.conditional(true);
    const extra = this.tokens[this.at];
    if (extra) throw new PpExpressionError(`unexpected '${extra.text}' in #if`, extra);
    return value;
  }

  private get token(): Token | null {
    return this.tokens[this.at] ?? null;
  }

  private accept(text: string): boolean {
    const found = this.token?.kind === 'punct' && this.token.text === text;
    if (found) this.at++;
    return found;
  }

  private expect(text: string): void {
    if (!this.accept(text)) throw new PpExpressionError(`expected '${text}' in #if`, this.token);
  }

  /** `live` is false on the side that && || ?: do not evaluate: there 1/0 is no mistake. */
  private conditional(live: boolean): Value {
    const condition = this.binary(1, live);
    if (!this.accept('?')) return condition;
    const yes = condition.value !== 0n;
    const then = this.conditional(live && yes);
    this.expect(':');
    const otherwise = this.conditional(live && !yes);
    return wrap((yes ? then : otherwise).value, then.unsigned || otherwise.unsigned);
  }

  private binary(least: number, live: boolean): Value {
    let left = this.unary(live);
    for (;;) {
      const op = this.token;
      const precedence = op ? precedenceOf(op) : 0;
      if (!op || precedence < least) return left;
      this.at++;
      const skip = (op.text === '&&' && left.value === 0n) || (op.text === '||' && left.value !== 0n);
      const right = this.binary(precedence + 1, live && !skip);
      left = this.apply(op, left, right, live);
    }
  }

  private apply(op: Token, left: Value, right: Value, live: boolean): Value {
    const unsigned = left.unsigned || right.unsigned;
    const a = wrap(left.value, unsigned).value;
    const b = wrap(right.value, unsigned).value;
    switch (op.text) {
      case '||':
        return truth(a !== 0n || b !== 0n);
      case '&&':
        return truth(a !== 0n && b !== 0n);
      case '|':
        return wrap(a | b, unsigned);
      case '^':
        return wrap(a ^ b, unsigned);
      case '&':
        return wrap(a & b, unsigned);
      case '==':
        return truth(a === b);
      case '!=':
        return truth(a !== b);
      case '<':
        return truth(a < b);
      case '>':
        return truth(a > b);
      case '<=':
        return truth(a <= b);
      case '>=':
        return truth(a >= b);
      case '<<':
        return wrap(left.value << (right.value & 63n), left.unsigned);
      case '>>':
        return wrap(left.value >> (right.value & 63n), left.unsigned);
      case '+':
        return wrap(a + b, unsigned);
      case '-':
        return wrap(a - b, unsigned);
      case '*':
        return wrap(a * b, unsigned);
      default:
        if (b === 0n) {
          if (live) throw new PpExpressionError('division by zero in #if', op);
          return wrap(0n, unsigned);
        }
        return wrap(op.text === '/' ? a / b : a % b, unsigned);
    }
  }

  private unary(live: boolean): Value {
    if (++this.depth > MAX_DEPTH) throw new PpExpressionError('#if is nested too deeply', this.token);
    const value = this.prefixed(live);
    this.depth--;
    return value;
  }

  private prefixed(live: boolean): Value {
    const token = this.token;
    if (!token) throw new PpExpressionError('expected an expression in #if', null);
    this.at++;
    if (token.kind === 'identifier') return truth(token.text === 'true');
    if (token.kind === 'number') {
      const literal = integerLiteral(token.text);
      if (!literal) throw new PpExpressionError(`'${token.text}' is not an integer`, token);
      return { value: literal.value, unsigned: literal.unsigned || literal.value > 0x7fff_ffff_ffff_ffffn };
    }
    if (token.kind === 'char') return { value: charConstant(token.text).value, unsigned: false };
    switch (token.text) {
      case '(': {
        const inner = this.conditional(live);
        this.expect(')');
        return inner;
      }
      case '!':
        return truth(this.unary(live).value === 0n);
      case '~': {
        const x = this.unary(live);
        return wrap(~x.value, x.unsigned);
      }
      case '-': {
        const x = this.unary(live);
        return wrap(-x.value, x.unsigned);
      }
      case '+':
        return this.unary(live);
      default:
        throw new PpExpressionError(`unexpected '${token.text}' in #if`, token);
    }
  }
}

/** @throws PpExpressionError */
export const evaluatePpExpression = (tokens: readonly Token[]): bigint => new PpExpression(tokens).evaluate();
