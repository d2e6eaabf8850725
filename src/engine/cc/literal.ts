/** The values that number, character and string tokens stand for. */
import { utf8Encode } from '../../shared/utf8.ts';

export interface IntegerLiteral {
  readonly value: bigint;
  readonly unsigned: boolean;
  /** 0: int is enough if the value fits; 1: at least long; 2: at least long long. */
  readonly longs: 0 | 1 | 2;
  readonly decimal: boolean;
}

const INTEGER =
  /^(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|(0[0-7]*)|([1-9][0-9]*))((?:[uU](?:ll|LL|l|L)?|(?:ll|LL|l|L)[uU]?)?)$/;

const SMALL_DIGITS = 9;
/** A decimal number of few digits, as most are; -1 for any other text. */
function smallDecimal(text: string): number {
  if (text.length > SMALL_DIGITS || (text.length > 1 && text.startsWith('0'))) return -1;
  let value = 0;
  for (let i = 0; i < text.length; i++) {
    const digit = text.charCodeAt(i) - 48;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
}

/** null when the text is no integer of C (a float, a bad suffix, a bad digit). */
export function integerLiteral(text: string): IntegerLiteral | null {
  const small = smallDecimal(text);
  if (small > 0) return { value: BigInt(small), unsigned: false, longs: 0, decimal: true };
  const [, hex, binary, octal, decimal, suffix = ''] = INTEGER.exec(text) ?? [];
  const digits = hex ?? binary ?? octal ?? decimal;
  if (digits === undefined || digits.length > 128) return null;
  let value = 0n;
  if (hex !== undefined) value = BigInt('0x' + hex);
  else if (binary !== undefined) value = BigInt('0b' + binary);
  else if (octal !== undefined) value = octal === '0' ? 0n : BigInt('0o' + octal.slice(1));
  else value = BigInt(digits);
  const lower = suffix.toLowerCase();
  return {
    value,
    unsigned: lower.includes('u'),
    longs: lower.includes('ll') ? 2 : lower.includes('l') ? 1 : 0,
    decimal: decimal !== undefined,
  };
}

/** A decimal floating constant, or null: it is none. */
export function floatLiteral(text: string): number | null {
  const [, digits, single] =
    /^(?=.*[.eE])((?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)([fF])?[lL]?$/.exec(text) ?? [];
  if (digits === undefined) return null;
  return single === undefined ? Number(digits) : Math.fround(Number(digits));
}

const SIMPLE: Readonly<Record<string, number>> = {
  n: 10,
  t: 9,
  r: 13,
  a: 7,
  b: 8,
  f: 12,
  v: 11,
  e: 27,
  '\\': 92,
  "'": 39,
  '"': 34,
  '?': 63,
};

/** The bytes between the quotes, escapes replaced; `bad` names the first escape that C does not know. */
export function unescape(body: string): { readonly bytes: Uint8Array; readonly bad: string | null } {
  if (!body.includes('\\')) return { bytes: utf8Encode(body), bad: null };
  const out: number[] = [];
  let bad: string | null = null;
  for (const [piece] of body.matchAll(
    /\\x[0-9a-fA-F]+|\\[0-7]{1,3}|\\u[0-9a-fA-F]{4}|\\U[0-9a-fA-F]{8}|\\[^]|[^\\]+|\\/g,
  )) {
    const escape = piece.charAt(1);
    if (!piece.startsWith('\\')) out.push(...utf8Encode(piece));
    else if (escape === 'x' && piece.length > 2) out.push(Number(BigInt('0x' + piece.slice(2)) & 0xffn));
    else if (/^[0-7]/.test(escape)) out.push(parseInt(piece.slice(1), 8) & 0xff);
    else if (/^[uU]/.test(escape) && piece.length > 2) {
      const point = parseInt(piece.slice(2), 16);
      out.push(...utf8Encode(point <= 0x10ffff ? String.fromCodePoint(point) : '\ufffd'));
    } else if (SIMPLE[escape] !== undefined) out.push(SIMPLE[escape]);
    else {
      bad ??= piece;
      out.push(...utf8Encode(escape));
    }
  }
  return { bytes: Uint8Array.from(out), bad };
}

export interface CharConstant {
  readonly value: bigint;
  /** What is wrong with it, or null. */
  readonly error: string | null;
}

/** 'a', '\n', or several characters packed into an int. */
export function charConstant(text: string): CharConstant {
  const open = text.indexOf("'");
  const { bytes, bad } = unescape(text.slice(open + 1, -1));
  if (open > 0) return { value: 0n, error: 'wide character constants are not supported' };
  if (bytes.length === 0) return { value: 0n, error: 'empty character constant' };
  if (bytes.length > 4) return { value: 0n, error: 'character constant is too long' };
  const [only = 0] = bytes;
  const value = bytes.length === 1 ? (only << 24) >> 24 : bytes.reduce((all, b) => (all << 8) | b, 0);
  return { value: BigInt(value), error: bad === null ? null : `unknown escape sequence '${bad}'` };
}

/** The bytes of one string token, without a terminating NUL. */
export function stringBytes(text: string): { readonly bytes: Uint8Array; readonly error: string | null } {
  const open = text.indexOf('"');
  const { bytes, bad } = unescape(text.slice(open + 1, -1));
  if (open > 0 && !text.startsWith('u8')) return { bytes, error: 'wide string literals are not supported' };
  return { bytes, error: bad === null ? null : `unknown escape sequence '${bad}'` };
}

/** Which of two texts comes first: -1, 0 or 1. */
export function compareTexts(a: Uint8Array, b: Uint8Array): number {
  for (let i = 0; ; i++) {
    const [x, y] = [a[i] ?? 0, b[i] ?? 0];
    if (x !== y || x === 0) return Math.sign(x - y);
  }
}
