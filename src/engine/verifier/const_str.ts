/**
 * Constant strings: formats and patterns that must lie in frozen, read-only maps, and the format rules that
 * bpf_snprintf is checked for at load.
 *
 * Source: check_reg_const_str, check_bpf_snprintf_call, kernel/bpf/verifier.c; bpf_bprintf_prepare,
 * kernel/bpf/helpers.c, Linux 6.12.
 */
import { must } from '../../shared/assert.ts';
import { cString } from '../../shared/utf8.ts';
import { BPF_F_RDONLY_PROG, MapType } from '../abi/uapi.ts';
import type { Env } from './env.ts';
import { checkMapRegion } from './mem_access.ts';
import { PTR_TO_MAP_VALUE } from './reg_type.ts';

/** The bytes from the register to the end of its map, or a refusal. */
function constBytes(env: Env, regno: number): Uint8Array {
  const reg = env.reg(regno);
  const map = must(reg.map, 'map of a constant string');
  if (reg.type !== PTR_TO_MAP_VALUE || (map.flags & BPF_F_RDONLY_PROG) === 0 || !map.frozen)
    return env.reject('EACCES', `R${regno} does not point to a readonly map'`);
  if (!reg.isConst) return env.reject('EACCES', `R${regno} is not a constant address'`);
  if (map.type !== MapType.ARRAY)
    return env.reject('EACCES', 'no direct value access support for this map type');
  const off = reg.off + reg.constValue;
  checkMapRegion(env, regno, reg.off, map.valueSize - off, false, true);
  if (map.maxEntries !== 1) return env.reject('ENOTSUPP', 'direct value access on string failed');
  return map.readValue(off, map.valueSize - off) ?? env.reject('EFAULT', 'string is not zero-terminated');
}

export function checkConstString(env: Env, regno: number): void {
  if (!constBytes(env, regno).includes(0)) env.reject('EINVAL', 'string is not zero-terminated');
}

const isPunctuation = (c: string): boolean => /[!-/:-@[-`{-~]/.test(c);
const ends = (c: string): boolean => c === '' || /\s/.test(c) || isPunctuation(c);

/** Pointer conversions after `%p`; the ones that need an end behind them are marked. */
const POINTERS: readonly (readonly [RegExp, boolean])[] = [
  [/^[KxsSB]/, false],
  [/^[iI][46]/, false],
];

/** One conversion. @param text what follows `%` @returns length taken, or null when it is not allowed */
function conversion(text: string): number | null {
  let at = /^[0+\- ]*(?:[1-9][0-9]*)?/.exec(text)?.[0].length ?? 0;
  const rest = text.slice(at);
  if (rest.startsWith('p')) {
    const tail = rest.slice(1);
    if (/^[ku]s/.test(tail)) return ends(tail.charAt(2)) ? at + 3 : null;
    const pointer = POINTERS.find(([pattern]) => pattern.test(tail));
    if (pointer) return at + 1 + (pointer[0].exec(tail)?.[0].length ?? 0);
    return ends(tail.charAt(0)) ? at + 1 : null;
  }
  if (rest.startsWith('s')) return ends(rest.charAt(1)) ? at + 1 : null;
  if (rest.startsWith('c')) return at + 1;
  const integer = /^l{0,2}[diuxX]/.exec(rest);
  at += integer?.[0].length ?? 0;
  return integer ? at : null;
}

/** True when a format of bpf_snprintf with this many arguments is one that the kernel takes. */
export function isValidFormat(format: string, args: number): boolean {
  let used = 0;
  for (let i = 0; i < format.length; i++) {
    const c = format.charAt(i);
    const code = c.charCodeAt(0);
    if ((code < 0x20 && !/\s/.test(c)) || code === 0x7f) return false;
    if (c !== '%') continue;
    if (format.charAt(i + 1) === '%') {
      i++;
      continue;
    }
    if (used >= args) return false;
    const taken = conversion(format.slice(i + 1));
    if (taken === null) return false;
    used++;
    i += taken;
  }
  return true;
}

/** bpf_snprintf's format is checked when the program is loaded. */
export function checkSnprintf(env: Env): void {
  const dataLen = env.reg(5);
  if (dataLen.var.v % 8n !== 0n) env.reject('EINVAL', '');
  const args = Number(dataLen.var.v / 8n);
  if (!isValidFormat(cString(constBytes(env, 3)), args)) env.reject('EINVAL', 'Invalid format string');
}
