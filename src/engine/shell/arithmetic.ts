/** $((...)): integers of 64 bits, with C's operators and the shell's variables. Texts are bash's. */

export class ArithmeticFault extends Error {
  override readonly name = 'ArithmeticFault';
}

/** Variables of the shell: a name that is not set is 0. */
export interface Store {
  readonly get: (name: string) => string | undefined;
  readonly set: (name: string, value: string) => void;
}

const TOKEN = /^\s*(\d\w*|[A-Za-z_]\w*|\*\*|<<=?|>>=?|[<>=!]=|&&|\|\||[-+*/%&|^]=|[-+*/%<>=!~&|^()?:,])/;
/** Binary operators from the loosest to the tightest; all of one row bind from the left. */
const LEVELS: readonly (readonly string[])[] = [
  ['||'],
  ['&&'],
  ['|'],
  ['^'],
  ['&'],
  ['==', '!='],
  ['<', '>', '<=', '>='],
  ['<<', '>>'],
  ['+', '-'],
  ['*', '/', '%'],
];
const truth = (is: boolean): bigint => (is ? 1n : 0n);
const OPERATIONS: Readonly<Record<string, (a: bigint, b: bigint) => bigint>> = {
  '||': (a, b) => truth(a !== 0n || b !== 0n),
  '&&': (a, b) => truth(a !== 0n && b !== 0n),
  '|': (a, b) => a | b,
  '^': (a, b) => a ^ b,
  '&': (a, b) => a & b,
  '==': (a, b) => truth(a === b),
  '!=': (a, b) => truth(a !== b),
  '<': (a, b) => truth(a < b),
  '>': (a, b) => truth(a > b),
  '<=': (a, b) => truth(a <= b),
  '>=': (a, b) => truth(a >= b),
  '<<': (a, b) => a << (b & 63n),
  '>>': (a, b) => a >> (b & 63n),
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  '/': (a, b) => a / b,
  '%': (a, b) => a % b,
};
const MOST_NESTED = 64;

class Evaluator {
  private readonly text: string;
  private readonly store: Store;
  private at = 0;
  /** Where the token that was taken last begins. */
  private last = 0;
  private readonly depth: number;

  constructor(text: string, store: Store, depth: number) {
    this.text = text;
    this.store = store;
    this.depth = depth;
  }

  whole(): bigint {
    if (this.text.trim() === '') return 0n;
    const value = this.comma();
    if (this.peek() !== '' || this.text.slice(this.at).trim() !== '')
      throw this.fault('syntax error in expression');
    return value;
  }

  private fault(what: string): ArithmeticFault {
    return new ArithmeticFault(
      `${this.text}: ${what} (error token is "${this.text.slice(this.at).trimStart()}")`,
    );
  }
  private peek(): string {
    return TOKEN.exec(this.text.slice(this.at))?.[1] ?? '';
  }
  private take(): string {
    const found = TOKEN.exec(this.text.slice(this.at));
    this.last = this.at;
    this.at += found?.[0].length ?? 0;
    return found?.[1] ?? '';
  }
  private accept(token: string): boolean {
    const here = this.peek() === token;
    if (here) this.take();
    return here;
  }

  private comma(): bigint {
    let value = this.assignment();
    while (this.accept(',')) value = this.assignment();
    return value;
  }

  private assignment(): bigint {
    const from = this.at;
    const name = this.peek();
    if (/^[A-Za-z_]/.test(name)) {
      this.take();
      const operator = this.peek();
      const binary = operator.slice(0, -1);
      if (
        operator === '=' ||
        (operator.endsWith('=') &&
          !LEVELS[5]?.includes(operator) &&
          binary in OPERATIONS &&
          !['<', '>'].includes(binary))
      ) {
        this.take();
        const right = this.assignment();
        const value = operator === '=' ? right : this.apply(binary, this.variable(name), right);
        this.store.set(name, String(value));
        return value;
      }
      this.at = from;
    }
    return this.choice();
  }

  private choice(): bigint {
    const condition = this.binary(0);
    if (!this.accept('?')) return condition;
    const yes = this.comma();
    if (!this.accept(':')) throw this.fault("`:' expected for conditional expression");
    const no = this.choice();
    return condition !== 0n ? yes : no;
  }

  private binary(level: number): bigint {
    const operators = LEVELS[level];
    if (!operators) return this.power();
    let value = this.binary(level + 1);
    while (operators.includes(this.peek())) value = this.apply(this.take(), value, this.binary(level + 1));
    return value;
  }

  private apply(operator: string, a: bigint, b: bigint): bigint {
    if (b === 0n && (operator === '/' || operator === '%')) {
      this.at = this.text.lastIndexOf('0');
      throw this.fault('division by 0');
    }
    return BigInt.asIntN(64, OPERATIONS[operator]?.(a, b) ?? 0n);
  }

  private power(): bigint {
    const base = this.unary();
    if (!this.accept('**')) return base;
    const exponent = this.power();
    if (exponent < 0n) throw this.fault('exponent less than 0');
    let value = 1n;
    for (let i = 0n; i < exponent && value !== 0n && i < 64n; i++) value = BigInt.asIntN(64, value * base);
    return value;
  }

  private unary(): bigint {
    if (this.accept('-')) return BigInt.asIntN(64, -this.unary());
    if (this.accept('+')) return this.unary();
    if (this.accept('!')) return truth(this.unary() === 0n);
    if (this.accept('~')) return BigInt.asIntN(64, ~this.unary());
    if (this.accept('(')) {
      const value = this.comma();
      if (!this.accept(')')) throw this.fault("missing `)'");
      return value;
    }
    const token = this.peek();
    if (/^\d/.test(token)) {
      const value = number(token);
      if (value === null) throw this.fault('value too great for base');
      this.take();
      return value;
    }
    if (!/^[A-Za-z_]/.test(token)) {
      if (this.text.slice(this.at).trim() === '') this.at = this.last;
      throw this.fault('syntax error: operand expected');
    }
    this.take();
    return this.variable(token);
  }

  /** A variable's value is an expression itself. */
  private variable(name: string): bigint {
    if (this.depth >= MOST_NESTED) throw this.fault('expression recursion level exceeded');
    return new Evaluator(this.store.get(name) ?? '', this.store, this.depth + 1).whole();
  }
}

/** 0x10, 010 and 10; null for digits that are none. */
function number(text: string): bigint | null {
  if (/^0[xX][0-9a-fA-F]+$/.test(text)) return BigInt.asIntN(64, BigInt(text));
  if (/^0[0-7]*$/.test(text)) return BigInt.asIntN(64, BigInt(`0o${text.slice(1) || '0'}`));
  return /^\d+$/.test(text) ? BigInt.asIntN(64, BigInt(text)) : null;
}

/** @throws ArithmeticFault */
export const evaluate = (text: string, store: Store): bigint => new Evaluator(text, store, 0).whole();
