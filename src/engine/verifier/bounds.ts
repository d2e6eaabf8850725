/**
 * Ranges that follow from the tnum, and values of which a load or a move kept only the low bytes.
 *
 * Source: __update_reg_bounds, zext_32_to_64, coerce_reg_to_size, kernel/bpf/verifier.c, Linux 6.12.
 */
import { syncBounds } from './agree.ts';
import type { RegState } from './reg.ts';
import { S32_MAX, S32_MIN, U32_MAX } from './reg.ts';
import { tnumRange, tnumSubreg } from './tnum.ts';

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

/** The upper half becomes zero, the 32-bit ranges become the 64-bit ones. */
export function zeroExtend32(state: RegState): void {
  const reg = state.scalar();
  reg.var = tnumSubreg(reg.var);
  reg.umin = BigInt(reg.u32min);
  reg.umax = BigInt(reg.u32max);
  const positive = reg.s32min >= 0;
  reg.smin = positive ? BigInt(reg.s32min) : 0n;
  reg.smax = positive ? BigInt(reg.s32max) : BigInt(U32_MAX);
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
