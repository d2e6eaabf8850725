/** Numbers in assembly text: sums, products, shifts and masks of constants, as `4 * 8` and `- 8 + ( 1 << 3 )`. */

type Operator = (a: bigint, b: bigint) => bigint;
/** From the loosest to the tightest; within a level from the left. */
const LEVELS: readonly Readonly<Record<string, Operator>>[] = [
  { '|': (a, b) => a | b, '^': (a, b) => a ^ b },
  { '&': (a, b) => a & b },
  { '<<': (a, b) => a << (b & 63n), '>>': (a, b) => a >> (b & 63n) },
  { '+': (a, b) => a + b, '-': (a, b) => a - b },
  { '*': (a, b) => a * b, '/': (a, b) => (b === 0n ? 0n : a / b) },
];

class NumberReader {
  private readonly tokens: readonly string[];
  private at = 0;

  constructor(tokens: readonly string[]) {
    this.tokens = tokens;
  }

  private take(): string {
    return this.tokens[this.at++] ?? '';
  }

  private operand(): bigint | null {
    const token = this.take();
    if (token === '-' || token === '+' || token === '~') {
      const value = this.operand();
      if (value === null) return null;
      return token === '-' ? -value : token === '~' ? ~value : value;
    }
    if (token === '(') {
      const value = this.level(0);
      return this.take() === ')' ? value : null;
    }
    const digits = /^(0x[0-9a-f]+|\d+)(?:u?ll?)?$/i.exec(token)?.[1];
    return digits === undefined ? null : BigInt(/^0\d/.test(digits) ? `0o${digits.slice(1)}` : digits);
  }

  private level(n: number): bigint | null {
    const operators = LEVELS[n];
    if (!operators) return this.operand();
    let left = this.level(n + 1);
    for (;;) {
      const operator = operators[this.tokens[this.at] ?? ''];
      if (!operator || left === null) return left;
      this.at++;
      const right = this.level(n + 1);
      left = right === null ? null : operator(left, right);
    }
  }

  whole(): bigint | null {
    const value = this.level(0);
    return this.at === this.tokens.length ? value : null;
  }
}

/** @param text tokens with a space between any two. @returns null when it is no number */
export function asmNumber(text: string): bigint | null {
  const tokens = text.trim().split(' ');
  return tokens.length > 64 || /^0\d*[89]/.test(text) ? null : new NumberReader(tokens).whole();
}
