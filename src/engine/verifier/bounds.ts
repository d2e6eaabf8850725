/**
 * The four ranges of a scalar (signed and unsigned, 64 and 32 bit) and its tnum say the same thing in five
 * ways; here each one is narrowed by what the others know.
 *
 * Source: reg_bounds_sync and what it calls, kernel/bpf/verifier.c, Linux 6.12.
 */
import type { RegState } from './reg.ts';
import { S32_MAX, S32_MIN, U32_MAX } from './reg.ts';
import { tnumIntersect, tnumRange, tnumSubreg } from './tnum.ts';

/** What is known of a number. */
type Scalar = Pick<
  RegState,
  'var' | 'smin' | 'smax' | 'umin' | 'umax' | 's32min' | 's32max' | 'u32min' | 'u32max'
>;

const LOW = 0xffff_ffffn;
const HIGH = 0xffff_ffff_0000_0000n;
const SIGN = 0x8000_0000_0000_0000n;
const NOT_SIGN = 0x7fff_ffff_ffff_ffffn;

const max = (a: bigint, b: bigint): bigint => (a > b ? a : b);
const min = (a: bigint, b: bigint): bigint => (a < b ? a : b);
const signed = (x: bigint): bigint => BigInt.asIntN(64, x);
const unsigned = (x: bigint): bigint => BigInt.asUintN(64, x);

/** A 64-bit number, looked at as two halves without allocating. */
const wide = new BigInt64Array(1);
const halves = new Uint32Array(wide.buffer);
function low(x: bigint): number {
  wide[0] = x;
  return halves[0] ?? 0;
}
function high(x: bigint): number {
  wide[0] = x;
  return halves[1] ?? 0;
}

/** What the tnum says of the 32-bit ranges. */
export function update32Bounds(reg: Scalar): void {
  const v = low(reg.var.v);
  const m = low(reg.var.m);
  reg.s32min = Math.max(reg.s32min, v | (m & S32_MIN) | 0);
  reg.s32max = Math.min(reg.s32max, v | (m & S32_MAX) | 0);
  reg.u32min = Math.max(reg.u32min, v);
  reg.u32max = Math.min(reg.u32max, (v | m) >>> 0);
}

/** What the tnum says of the 64-bit ranges. */
export function update64Bounds(reg: Scalar): void {
  const { v, m } = reg.var;
  reg.smin = max(reg.smin, signed(v | (m & SIGN)));
  reg.smax = min(reg.smax, signed(v | (m & NOT_SIGN)));
  reg.umin = max(reg.umin, v);
  reg.umax = min(reg.umax, v | m);
}

export function updateBounds(reg: Scalar): void {
  update32Bounds(reg);
  update64Bounds(reg);
}

function narrow32(reg: Scalar, lo: number, hi: number): void {
  reg.s32min = Math.max(reg.s32min, lo | 0);
  reg.s32max = Math.min(reg.s32max, hi | 0);
}
function narrowU32(reg: Scalar, lo: number, hi: number): void {
  reg.u32min = Math.max(reg.u32min, lo);
  reg.u32max = Math.min(reg.u32max, hi);
}

function deduce32(reg: Scalar): void {
  const uLo = low(reg.umin);
  const uHi = low(reg.umax);
  const sLo = low(reg.smin);
  const sHi = low(reg.smax);
  const uTopLo = high(reg.umin);
  const uTopHi = high(reg.umax);
  const sTopLo = high(reg.smin);
  const sTopHi = high(reg.smax);
  if (uTopLo === uTopHi) {
    narrowU32(reg, uLo, uHi);
    if ((uLo | 0) <= (uHi | 0)) narrow32(reg, uLo, uHi);
  }
  if (sTopLo === sTopHi) {
    if (sLo <= sHi) narrowU32(reg, sLo, sHi);
    if ((sLo | 0) <= (sHi | 0)) narrow32(reg, sLo, sHi);
  }
  // the upper halves are neighbours and the low halves run from negative to positive
  if ((uTopLo + 1) >>> 0 === uTopHi && (uLo | 0) < 0 && (uHi | 0) >= 0) narrow32(reg, uLo, uHi);
  if ((sTopLo + 1) >>> 0 === sTopHi && (sLo | 0) < 0 && (sHi | 0) >= 0) narrow32(reg, sLo, sHi);
  if ((reg.u32min | 0) <= (reg.u32max | 0)) narrow32(reg, reg.u32min, reg.u32max);
  const lo = reg.s32min >>> 0;
  const hi = reg.s32max >>> 0;
  if (lo <= hi) {
    narrowU32(reg, lo, hi);
  } else if (reg.u32max < lo) {
    // the unsigned range meets only what is not negative of the signed one
    reg.s32min = reg.u32min | 0;
    reg.u32max = Math.min(reg.u32max, hi);
  } else if (hi < reg.u32min) {
    // only what is negative
    reg.s32max = reg.u32max | 0;
    reg.u32min = Math.max(reg.u32min, lo);
  }
}

function deduce64(reg: Scalar): void {
  const su = signed(reg.umin);
  const sx = signed(reg.umax);
  if (su <= sx) {
    reg.smin = max(su, reg.smin);
    reg.smax = min(sx, reg.smax);
  }
  const us = unsigned(reg.smin);
  const ux = unsigned(reg.smax);
  if (us <= ux) {
    reg.umin = max(us, reg.umin);
    reg.umax = min(ux, reg.umax);
  } else if (reg.umax < us) {
    // the unsigned range meets only what is not negative of the signed one
    reg.smin = signed(reg.umin);
    reg.umax = min(reg.umax, ux);
  } else if (ux < reg.umin) {
    // only what is negative
    reg.smax = signed(reg.umax);
    reg.umin = max(reg.umin, us);
  }
}

function deduceMixed(reg: Scalar): void {
  if (reg.u32min === 0 && reg.u32max === U32_MAX) return;
  const lo = BigInt(reg.u32min);
  const hi = BigInt(reg.u32max);
  reg.umin = max(reg.umin, (reg.umin & HIGH) | lo);
  reg.umax = min(reg.umax, (reg.umax & HIGH) | hi);
  reg.smin = max(reg.smin, signed((unsigned(reg.smin) & HIGH) | lo));
  reg.smax = min(reg.smax, signed((unsigned(reg.smax) & HIGH) | hi));
  // a sign-extended 32-bit value whose low half cannot be negative has no upper half
  if (reg.s32min >= 0 && reg.smin >= BigInt(S32_MIN) && reg.smax <= BigInt(S32_MAX)) {
    reg.smin = reg.umin = BigInt(reg.s32min);
    reg.smax = reg.umax = BigInt(reg.s32max);
    reg.var = tnumIntersect(reg.var, tnumRange(reg.umin, reg.umax));
  }
}

/** One round. @returns false when it taught nothing: then another one would not either */
function deduceBounds(reg: Scalar): boolean {
  const { smin, smax, umin, umax, s32min, s32max, u32min, u32max } = reg;
  deduce32(reg);
  deduce64(reg);
  deduceMixed(reg);
  const same32 =
    reg.s32min === s32min && reg.s32max === s32max && reg.u32min === u32min && reg.u32max === u32max;
  return !same32 || reg.umin !== umin || reg.umax !== umax || reg.smin !== smin || reg.smax !== smax;
}

function boundOffset(reg: Scalar): void {
  const whole = tnumIntersect(reg.var, tnumRange(reg.umin, reg.umax));
  const half = tnumIntersect(tnumSubreg(whole), tnumRange(BigInt(reg.u32min), BigInt(reg.u32max)));
  reg.var = { v: (whole.v & HIGH) | half.v, m: (whole.m & HIGH) | half.m };
}

/** Brings the five views of a scalar into agreement. @kernel reg_bounds_sync @fidelity full */
export function syncBounds(state: RegState): void {
  const reg = state.scalar();
  const settled =
    reg.var.m === 0n && reg.umin === reg.umax && reg.smin === reg.smax && reg.umin === reg.var.v;
  if (settled && reg.u32min === reg.u32max && reg.s32min === reg.s32max) return;
  updateBounds(reg);
  for (let round = 0; round < 3 && deduceBounds(reg); round++);
  boundOffset(reg);
  updateBounds(reg);
}

/** The upper half becomes zero, the 32-bit ranges become the 64-bit ones. */
export function zeroExtend32(reg: RegState): void {
  reg.var = tnumSubreg(reg.var);
  reg.umin = BigInt(reg.u32min);
  reg.umax = BigInt(reg.u32max);
  if (reg.s32min >= 0) {
    reg.smin = BigInt(reg.s32min);
    reg.smax = BigInt(reg.s32max);
  } else {
    reg.smin = 0n;
    reg.smax = BigInt(U32_MAX);
  }
}

/** A value of which a load kept only `size` low bytes, zero-extended. */
export function coerceToSize(reg: RegState, size: number): void {
  const mask = (1n << BigInt(size * 8)) - 1n;
  reg.var = { v: reg.var.v & mask, m: reg.var.m & mask };
  if ((reg.umin & ~mask) === (reg.umax & ~mask)) {
    reg.umin &= mask;
    reg.umax &= mask;
  } else {
    reg.umin = 0n;
    reg.umax = mask;
  }
  reg.smin = reg.umin;
  reg.smax = reg.umax;
  if (size < 4) reg.mark32Unbounded();
  syncBounds(reg);
}

function setSignRange(reg: RegState, size: number): void {
  const top = 1n << BigInt(size * 8 - 1);
  reg.smin = -top;
  reg.smax = top - 1n;
  reg.umin = 0n;
  reg.umax = 0xffff_ffff_ffff_ffffn;
  reg.var = { v: 0n, m: 0xffff_ffff_ffff_ffffn };
  reg.s32min = Number(-top);
  reg.s32max = Number(top - 1n);
  reg.u32min = 0;
  reg.u32max = U32_MAX;
}

/** A value of which `size` low bytes were kept and sign-extended to 64 bits. */
export function coerceToSizeSigned(reg: RegState, size: number): void {
  const bits = size * 8;
  const extend = (x: bigint): bigint => BigInt.asIntN(bits, x);
  if (reg.isConst) {
    reg.markKnown(extend(reg.var.v));
    return;
  }
  if (reg.smin >> BigInt(bits) !== reg.smax >> BigInt(bits)) return setSignRange(reg, size);
  const a = extend(reg.smax);
  const b = extend(reg.smin);
  // both on one side of zero: the order is kept
  if (a >= 0n === b >= 0n) {
    const lo = min(a, b);
    const hi = max(a, b);
    reg.smin = lo;
    reg.smax = hi;
    reg.s32min = Number(BigInt.asIntN(32, lo));
    reg.s32max = Number(BigInt.asIntN(32, hi));
    reg.umin = unsigned(lo);
    reg.umax = unsigned(hi);
    reg.u32min = low(lo);
    reg.u32max = low(hi);
    reg.var = tnumRange(reg.umin, reg.umax);
    return;
  }
  setSignRange(reg, size);
}

/** As above for the low half alone, upper half left to the caller. */
export function coerceSubregSigned(reg: RegState, size: number): void {
  const bits = size * 8;
  const extend = (x: bigint): number => Number(BigInt.asIntN(bits, x));
  if ((reg.var.m & LOW) === 0n) {
    const value = extend(reg.var.v);
    reg.var = { v: (reg.var.v & HIGH) | BigInt(value >>> 0), m: reg.var.m };
    reg.s32min = reg.s32max = value;
    reg.u32min = reg.u32max = value >>> 0;
    return;
  }
  if (reg.s32min >> bits === reg.s32max >> bits) {
    const a = extend(BigInt(reg.s32max));
    const b = extend(BigInt(reg.s32min));
    if (a >= 0 === b >= 0) {
      reg.s32min = Math.min(a, b);
      reg.s32max = Math.max(a, b);
      reg.u32min = reg.s32min >>> 0;
      reg.u32max = reg.s32max >>> 0;
      const range = tnumRange(BigInt(reg.u32min), BigInt(reg.u32max));
      reg.var = { v: (reg.var.v & HIGH) | range.v, m: (reg.var.m & HIGH) | range.m };
      return;
    }
  }
  reg.s32min = -(2 ** (bits - 1));
  reg.s32max = 2 ** (bits - 1) - 1;
  reg.u32min = 0;
  reg.u32max = U32_MAX;
  reg.var = { v: reg.var.v & HIGH, m: (reg.var.m & HIGH) | LOW };
}
