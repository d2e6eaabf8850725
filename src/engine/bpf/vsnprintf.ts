/**
 * How the kernel's printf renders one value: numbers, text, pointers, symbols, internet addresses.
 *
 * Text is latin-1: one char per byte.
 *
 * Source: lib/vsprintf.c, kernel/kallsyms.c, Linux 6.12.
 */
import type { Addr } from '../../shared/brand.ts';
import { U64_MAX } from '../../shared/int64.ts';
import { KERNEL_IMAGE } from '../kernel/address.ts';
import type { Symbols } from '../kernel/symbols.ts';
import { keyHash } from '../kernel/jhash.ts';

export interface Spec {
  readonly left: boolean;
  readonly plus: boolean;
  readonly space: boolean;
  readonly zero: boolean;
  /** -1: none given. */
  readonly width: number;
}

/** Text in a field of spaces. */
export const padText = (text: string, { left, width }: Spec): string =>
  left ? text.padEnd(Math.max(0, width)) : text.padStart(Math.max(0, width));

/**
 * An integer in a field. Zeros go between sign and digits; `-` wins over `0`.
 *
 * @kernel number, lib/vsprintf.c
 * @fidelity full: btf_show.test.ts
 */
export function formatNumber(
  value: bigint,
  how: { readonly base: 10 | 16; readonly upper?: boolean; readonly signed?: boolean },
  spec: Spec,
): string {
  const sign = !how.signed ? '' : value < 0n ? '-' : spec.plus ? '+' : spec.space ? ' ' : '';
  const lower = (value < 0n ? -value : value).toString(how.base);
  const digits = how.upper ? lower.toUpperCase() : lower;
  if (spec.zero && !spec.left) return sign + digits.padStart(spec.width - sign.length, '0');
  return padText(sign + digits, spec);
}

const pointerText = (value: bigint, spec: Spec): string =>
  formatNumber(value, { base: 16 }, spec.width < 0 ? { ...spec, width: 16, zero: true } : spec);

/** Any fixed number: the kernel draws its key at boot. */
const POINTER_KEY = 0x70747273;

/**
 * The number that stands for an address in %p, so that addresses stay secret but can be compared.
 *
 * @kernel __ptr_to_hashval, lib/vsprintf.c
 * @fidelity partial: a fixed 32-bit hash instead of siphash with a random key
 */
export function hashedPointer(addr: Addr): bigint {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, addr, true);
  return BigInt(keyHash(bytes, POINTER_KEY));
}

/** %p and %pK: hashed, but NULL and error values as they are. */
export const hashedText = (addr: Addr, spec: Spec): string =>
  pointerText(addr === 0n || addr > U64_MAX - 4095n ? addr : hashedPointer(addr), spec);

/** %px */
export const rawText = (addr: Addr, spec: Spec): string => pointerText(addr, spec);

/** The symbol an address of the kernel image lies in. */
function lookup(symbols: Symbols, addr: Addr): ReturnType<Symbols['lookup']> {
  if (addr < KERNEL_IMAGE) return null;
  const found = symbols.lookup(addr);
  if (!found || (found.offset !== 0n && found.offset >= found.size)) return null;
  const end = symbols.find('_end');
  return end && found.sym.module === '' && addr >= end.addr ? null : found;
}

/**
 * An address as `symbol`, `symbol+offset/size`, or `0x...` where there is none.
 *
 * @param how s: name only; S: with offset; B: as S, for a return address
 * @kernel __sprint_symbol, kernel/kallsyms.c
 * @fidelity full: printf.test.ts
 */
export function symbolText(symbols: Symbols, addr: Addr, how: 's' | 'S' | 'B'): string {
  const back = how === 'B' ? 1n : 0n;
  const found = lookup(symbols, addr - back);
  if (!found) return `0x${addr.toString(16)}`;
  const { sym, size } = found;
  const place = how === 's' ? '' : `+0x${(found.offset + back).toString(16)}/0x${size.toString(16)}`;
  return sym.name + place + (sym.module === '' ? '' : ` [${sym.module}]`);
}

/**
 * An address of 4 or 16 bytes.
 *
 * @param how I: the usual separators; i: leading zeros (4) or no separators (16)
 * @kernel ip4_string, ip6_string, lib/vsprintf.c
 * @fidelity full: printf.test.ts
 */
export function ipText(bytes: Uint8Array, how: 'i' | 'I'): string {
  const parts = Array.from(bytes);
  if (bytes.length === 4)
    return parts.map((part) => (how === 'i' ? String(part).padStart(3, '0') : String(part))).join('.');
  const hex = parts.map((part) => part.toString(16).padStart(2, '0')).join('');
  return how === 'i' ? hex : (hex.match(/.{4}/g) ?? []).join(':');
}
