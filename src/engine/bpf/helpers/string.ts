/**
 * Strings of programs: comparing with a constant, and reading numbers.
 *
 * Source: kernel/bpf/helpers.c, lib/kstrtox.c, Linux 6.12.
 */
import type { Bytes } from '../../../shared/brand.ts';
import { fail } from '../../../shared/errno.ts';
import type { NegErrno } from '../../../shared/errno.ts';
import { S64_MAX, S64_MIN, U64_MAX } from '../../../shared/int64.ts';
import { latin1Decode } from '../../../shared/utf8.ts';
import type { Call, Helper } from '../../vm/helper.ts';

/** Longest text that is looked at, with room for a NUL. */
const BUFFER: Bytes = 64;

export function stringHelpers(): readonly (readonly [number, Helper])[] {
  return [
    [105, (c) => strto(c, true)],
    [106, (c) => strto(c, false)],
    [182, strncmp],
  ];
}

interface Parsed {
  readonly value: bigint;
  readonly negative: boolean;
  readonly consumed: number;
}

/**
 * Optional white space, optional `-`, then a number in base 8, 10 or 16, or as its prefix says.
 *
 * @kernel __bpf_strtoull, __bpf_strtoll, kernel/bpf/helpers.c
 * @fidelity full: printf.test.ts
 */
function parse(text: string, flags: bigint): Parsed | NegErrno {
  if (text.length === 0 || (flags !== 0n && flags !== 8n && flags !== 10n && flags !== 16n))
    return fail('EINVAL');
  const [lead = ''] = /^[\t-\r \xa0]*-?/.exec(text) ?? [];
  if (lead.length >= text.length) return fail('EINVAL');
  const rest = text.slice(lead.length, lead.length + BUFFER - 1);
  const { base, skip } = baseOf(rest, Number(flags));
  let value = 0n;
  let at = skip;
  for (; at < rest.length; at++) {
    const digit = Number.parseInt(rest.charAt(at), 36);
    if (!(digit < base)) break;
    value = value * BigInt(base) + BigInt(digit);
    if (value > U64_MAX) return fail('ERANGE');
  }
  if (at === skip) return fail('EINVAL');
  const negative = lead.endsWith('-');
  return { value: negative ? -value : value, negative, consumed: lead.length + at };
}

/** @kernel _parse_integer_fixup_radix, lib/kstrtox.c @fidelity full: printf.test.ts */
function baseOf(text: string, base: number): { readonly base: number; readonly skip: number } {
  const hex = /^0x/i.test(text);
  const guessed = base !== 0 ? base : /^0x[0-9a-f]/i.test(text) ? 16 : text.startsWith('0') ? 8 : 10;
  return { base: guessed, skip: guessed === 16 && hex ? 2 : 0 };
}

/**
 * @returns chars consumed; -EINVAL without digits, -ERANGE for what does not fit
 * @kernel bpf_strtol, bpf_strtoul, kernel/bpf/helpers.c
 * @fidelity full: printf.test.ts
 */
function strto(call: Call, signed: boolean): NegErrno {
  const out = call.arg(4);
  call.mem.setU64(out, 0n);
  const parsed = parse(latin1Decode(call.mem.bytes(call.arg(1), call.u32(2))), call.arg(3));
  if (typeof parsed === 'number') return parsed;
  const { value, negative, consumed } = parsed;
  if (!signed && negative) return fail('EINVAL');
  if (signed && (value > S64_MAX || value < S64_MIN)) return fail('ERANGE');
  call.mem.setU64(out, value);
  return consumed;
}

/**
 * @kernel bpf_strncmp, kernel/bpf/helpers.c
 * @fidelity full: printf.test.ts
 */
function strncmp(call: Call): number {
  const size = call.u32(2);
  for (let i = 0n; i < BigInt(size); i++) {
    const a = call.mem.u8(call.arg(1) + i);
    const b = call.mem.u8(call.arg(3) + i);
    if (a !== b) return a < b ? -1 : 1;
    if (a === 0) break;
  }
  return 0;
}
