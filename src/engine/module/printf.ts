/**
 * printf for kernel code: the kernel's own conversions, with arguments nobody checks.
 *
 * Source: vsnprintf, lib/vsprintf.c, Linux 6.12.
 */
import type { KernelCall } from './call.ts';
import { formatNumber, hashedText, padText, rawText, symbolText } from '../bpf/vsnprintf.ts';
import type { Spec } from '../bpf/vsnprintf.ts';

const CONVERSION = /%([-+ 0#]*)(\*|\d+)?(?:\.(\*|\d+)?)?(hh|h|ll|l|z|t|j|L)?([diuxXocsp%])([a-zA-Z]*)/g;
/** Bits of an argument by its length; int without. */
const BITS: Readonly<Record<string, number>> = { hh: 8, h: 16, l: 64, ll: 64, z: 64, t: 64, j: 64, L: 64 };

function integer(value: bigint, letter: string, length: string, spec: Spec, sharp: boolean): string {
  const bits = BITS[length] ?? 32;
  const signed = letter === 'd' || letter === 'i';
  const own = signed ? BigInt.asIntN(bits, value) : BigInt.asUintN(bits, value);
  if (letter === 'o') return padText((sharp ? '0' : '') + own.toString(8), spec);
  const base = letter === 'x' || letter === 'X' ? 16 : 10;
  const text = (width: number): string =>
    formatNumber(own, { base, upper: letter === 'X', signed }, { ...spec, width });
  if (!sharp || base === 10) return text(spec.width);
  const prefix = letter === 'X' ? '0X' : '0x';
  return spec.zero && !spec.left ? prefix + text(spec.width - 2) : padText(prefix + text(-1), spec);
}

/** @returns the text of a pointer and how many letters after `p` belonged to it */
function pointer(call: KernelCall, value: bigint, letters: string, spec: Spec): readonly [string, number] {
  const { symbols } = call.kernel;
  switch (letters[0]) {
    case 'x':
      return [rawText(value, spec), 1];
    case 's':
    case 'S':
    case 'B':
      return [padText(symbolText(symbols, value, letters[0]), spec), 1];
    case 'K':
      return [hashedText(value, spec), 1];
    default:
      return [hashedText(value, spec), 0];
  }
}

/**
 * Renders a format with the arguments behind those that the function names.
 *
 * @throws Fault where an argument leads to no memory
 * @kernel vsnprintf, lib/vsprintf.c
 * @fidelity partial: of pointer formats %p, %px, %pK, %ps, %pS and %pB
 */
export function vsnprintf(call: KernelCall, format: string): string {
  const args = call.rest();
  const next = (): bigint => args.next().value ?? 0n;
  const number = (text: string | undefined): number =>
    text === '*' ? Number(BigInt.asIntN(32, next())) : text === undefined ? -1 : Number(text);
  return format.replace(
    CONVERSION,
    (whole: string, flags: string, w?: string, p?: string, length = '', letter = '', letters = '') => {
      if (letter === '%') return `%${letters}`;
      const width = number(w);
      const precision = whole.includes('.') ? Math.max(0, number(p)) : -1;
      const spec: Spec = {
        left: flags.includes('-') || width < -1,
        plus: flags.includes('+'),
        space: flags.includes(' '),
        zero: flags.includes('0'),
        width: Math.abs(width) === 1 && w === undefined ? -1 : Math.abs(width),
      };
      if (letter === 's') {
        const addr = next();
        const text = addr === 0n ? '(null)' : call.text(addr, precision < 0 ? undefined : precision);
        return padText(text, spec) + letters;
      }
      if (letter === 'c') return padText(String.fromCharCode(Number(next() & 0xffn)), spec) + letters;
      if (letter === 'p') {
        const [text, used] = pointer(call, next(), letters, spec);
        return text + letters.slice(used);
      }
      return integer(next(), letter, length, spec, flags.includes('#')) + letters;
    },
  );
}
