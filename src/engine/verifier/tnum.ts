/**
 * Tracked numbers: what is known of each bit of a 64-bit value.
 *
 * A tnum is (value, mask): a set mask bit is unknown, and value has zeros there. It stands for every x with
 * x & ~mask == value. Both halves are unsigned 64-bit bigints.
 *
 * Source: kernel/bpf/tnum.c.
 */
import { U64_MAX } from '../../shared/int64.ts';

export interface Tnum {
  readonly v: bigint;
  readonly m: bigint;
}

const LOW32 = 0xffff_ffffn;
const trunc = (x: bigint): bigint => x & U64_MAX;

export const TNUM_UNKNOWN: Tnum = { v: 0n, m: U64_MAX };
export const tnumConst = (v: bigint): Tnum => ({ v: trunc(v), m: 0n });
const make = (v: bigint, m: bigint): Tnum => ({ v: trunc(v) & ~m & U64_MAX, m: trunc(m) });

const scratch = new BigUint64Array(1);
const halves = new Uint32Array(scratch.buffer);

/** Bits up to the highest one that is set. */
export function bitLength(x: bigint): number {
  scratch[0] = x;
  const high = halves[1] ?? 0;
  return high === 0 ? 32 - Math.clz32(halves[0] ?? 0) : 64 - Math.clz32(high);
}

/** 2^n - 1 for n bits. */
const LOW_BITS: readonly bigint[] = Array.from({ length: 65 }, (_, n) => (1n << BigInt(n)) - 1n);

/** All values from lo to hi: the leading bits both share are known. */
export function tnumRange(lo: bigint, hi: bigint): Tnum {
  const differing = lo ^ hi;
  if (differing === 0n) return { v: lo, m: 0n };
  const delta = LOW_BITS[bitLength(differing)] ?? U64_MAX;
  return { v: lo & ~delta & U64_MAX, m: delta };
}

export const tnumLsh = (a: Tnum, by: number): Tnum => ({
  v: trunc(a.v << BigInt(by)),
  m: trunc(a.m << BigInt(by)),
});
export const tnumRsh = (a: Tnum, by: number): Tnum => ({ v: a.v >> BigInt(by), m: a.m >> BigInt(by) });
/** @param bits 32 or 64: where the sign is */
export function tnumArsh(a: Tnum, by: number, bits: 32 | 64): Tnum {
  const shift = (x: bigint): bigint => BigInt.asUintN(bits, BigInt.asIntN(bits, x) >> BigInt(by));
  return { v: shift(a.v), m: shift(a.m) };
}

export function tnumAdd(a: Tnum, b: Tnum): Tnum {
  const sm = trunc(a.m + b.m);
  const sv = trunc(a.v + b.v);
  const chi = trunc(sm + sv) ^ sv;
  return make(sv, chi | a.m | b.m);
}
export function tnumSub(a: Tnum, b: Tnum): Tnum {
  const dv = trunc(a.v - b.v);
  const chi = trunc(dv + a.m) ^ trunc(dv - b.m);
  return make(dv, chi | a.m | b.m);
}
export function tnumAnd(a: Tnum, b: Tnum): Tnum {
  const v = a.v & b.v;
  return { v, m: (a.v | a.m) & (b.v | b.m) & ~v & U64_MAX };
}
export function tnumOr(a: Tnum, b: Tnum): Tnum {
  const v = a.v | b.v;
  return { v, m: (a.m | b.m) & ~v & U64_MAX };
}
export const tnumXor = (a: Tnum, b: Tnum): Tnum => make(a.v ^ b.v, a.m | b.m);

/** Schoolbook multiplication; what is uncertain is added up apart from the product of the known bits. */
export function tnumMul(a: Tnum, b: Tnum): Tnum {
  const known = trunc(a.v * b.v);
  let uncertain: Tnum = { v: 0n, m: 0n };
  while (a.v !== 0n || a.m !== 0n) {
    if ((a.v & 1n) !== 0n) uncertain = tnumAdd(uncertain, { v: 0n, m: b.m });
    else if ((a.m & 1n) !== 0n) uncertain = tnumAdd(uncertain, { v: 0n, m: b.v | b.m });
    a = tnumRsh(a, 1);
    b = tnumLsh(b, 1);
  }
  return tnumAdd({ v: known, m: 0n }, uncertain);
}

/** What holds when both hold. */
export const tnumIntersect = (a: Tnum, b: Tnum): Tnum => make(a.v | b.v, a.m & b.m);
/** True when every value of b is a value of a. */
export const tnumIn = (a: Tnum, b: Tnum): boolean => (b.m & ~a.m) === 0n && a.v === (b.v & ~a.m & U64_MAX);
export const tnumIsAligned = (t: Tnum, size: number): boolean => ((t.v | t.m) & BigInt(size - 1)) === 0n;

export const tnumSubreg = (t: Tnum): Tnum => ({ v: t.v & LOW32, m: t.m & LOW32 });
/** `t` with its low half taken from `sub`. */
export const tnumWithSubreg = (t: Tnum, sub: Tnum): Tnum => ({
  v: ((t.v >> 32n) << 32n) | (sub.v & LOW32),
  m: ((t.m >> 32n) << 32n) | (sub.m & LOW32),
});
