/**
 * The four ranges of a scalar (signed and unsigned, 64 and 32 bit) and its tnum say the same thing in five
 * ways; here each one is narrowed by what the others know.
 *
 * This is done for almost every instruction, so 64-bit numbers are pairs of 32-bit words here, and numbers
 * are only made anew of those that changed.
 *
 * Source: reg_bounds_sync and what it calls, kernel/bpf/verifier.c, Linux 6.12.
 */
import type { RegState } from './reg.ts';
import { S32_MAX, S32_MIN } from './reg.ts';

/** Any 64-bit number as two words. */
const wide = new BigInt64Array(1);
const unsignedWide = new BigUint64Array(wide.buffer);
const halves = new Int32Array(wide.buffer);

/** Less, unsigned, for words with any sign. */
const below = (a: number, b: number): boolean => a >>> 0 < b >>> 0;

/** A round taught something. */
let learnt = false;

/** A 64-bit number: words, low and high, with any sign. */
class Word64 {
  lo = 0;
  hi = 0;
  private lo0 = 0;
  private hi0 = 0;

  read(value: bigint): void {
    wide[0] = value;
    this.lo = this.lo0 = halves[0] ?? 0;
    this.hi = this.hi0 = halves[1] ?? 0;
  }
  get changed(): boolean {
    return this.lo !== this.lo0 || this.hi !== this.hi0;
  }
  private store(): void {
    halves[0] = this.lo;
    halves[1] = this.hi;
  }
  signed(): bigint {
    this.store();
    return wide[0] ?? 0n;
  }
  unsigned(): bigint {
    this.store();
    return unsignedWide[0] ?? 0n;
  }
  is(hi: number, lo: number): boolean {
    return this.hi === hi && this.lo === lo;
  }
  set(hi: number, lo: number): void {
    this.hi = hi;
    this.lo = lo;
    learnt = true;
  }
  /** this < other */
  below(hi: number, lo: number): boolean {
    return this.hi === hi ? below(this.lo, lo) : below(this.hi, hi);
  }
  less(hi: number, lo: number): boolean {
    return this.hi === hi ? below(this.lo, lo) : this.hi < hi;
  }
  /** Becomes the greater or the lesser of the two, unsigned (U) or signed (S). */
  maxU(hi: number, lo: number): void {
    if (this.below(hi, lo)) this.set(hi, lo);
  }
  minU(hi: number, lo: number): void {
    if (!this.is(hi, lo) && !this.below(hi, lo)) this.set(hi, lo);
  }
  maxS(hi: number, lo: number): void {
    if (this.less(hi, lo)) this.set(hi, lo);
  }
  minS(hi: number, lo: number): void {
    if (!this.is(hi, lo) && !this.less(hi, lo)) this.set(hi, lo);
  }
}

const v = new Word64();
const m = new Word64();
const umin = new Word64();
const umax = new Word64();
const smin = new Word64();
const smax = new Word64();
/** The 32-bit ranges, as they are in a register. */
const sub = { smin: 0, smax: 0, umin: 0, umax: 0 };

/** What the tnum says of the ranges. */
function fromBits(): void {
  sub.smin = Math.max(sub.smin, v.lo | (m.lo & S32_MIN));
  sub.smax = Math.min(sub.smax, v.lo | (m.lo & S32_MAX));
  sub.umin = Math.max(sub.umin, v.lo >>> 0);
  sub.umax = Math.min(sub.umax, (v.lo | m.lo) >>> 0);
  smin.maxS(v.hi | (m.hi & S32_MIN), v.lo);
  smax.minS(v.hi | (m.hi & S32_MAX), v.lo | m.lo);
  umin.maxU(v.hi, v.lo);
  umax.minU(v.hi | m.hi, v.lo | m.lo);
}

function narrowS(lo: number, hi: number): void {
  sub.smin = Math.max(sub.smin, lo | 0);
  sub.smax = Math.min(sub.smax, hi | 0);
}
function narrowU(lo: number, hi: number): void {
  sub.umin = Math.max(sub.umin, lo >>> 0);
  sub.umax = Math.min(sub.umax, hi >>> 0);
}

/** The 32-bit ranges learn from the 64-bit ones, and from each other. */
function deduce32(): void {
  if (umin.hi === umax.hi) {
    narrowU(umin.lo, umax.lo);
    if (umin.lo <= umax.lo) narrowS(umin.lo, umax.lo);
  }
  if (smin.hi === smax.hi) {
    if (!below(smax.lo, smin.lo)) narrowU(smin.lo, smax.lo);
    if (smin.lo <= smax.lo) narrowS(smin.lo, smax.lo);
  }
  // the upper halves are neighbours and the low halves run from negative to positive
  if (((umin.hi + 1) | 0) === umax.hi && umin.lo < 0 && umax.lo >= 0) narrowS(umin.lo, umax.lo);
  if (((smin.hi + 1) | 0) === smax.hi && smin.lo < 0 && smax.lo >= 0) narrowS(smin.lo, smax.lo);
  if ((sub.umin | 0) <= (sub.umax | 0)) narrowS(sub.umin, sub.umax);
  const lo = sub.smin >>> 0;
  const hi = sub.smax >>> 0;
  if (lo <= hi) {
    narrowU(lo, hi);
  } else if (sub.umax < lo) {
    // the unsigned range meets only what is not negative of the signed one
    sub.smin = sub.umin | 0;
    sub.umax = Math.min(sub.umax, hi);
  } else if (hi < sub.umin) {
    // only what is negative
    sub.smax = sub.umax | 0;
    sub.umin = Math.max(sub.umin, lo);
  }
}

/** The 64-bit ranges learn from each other. */
function deduce64(): void {
  // the same order signed as unsigned
  if (!umax.less(umin.hi, umin.lo)) {
    smin.maxS(umin.hi, umin.lo);
    smax.minS(umax.hi, umax.lo);
  }
  if (!smax.below(smin.hi, smin.lo)) {
    umin.maxU(smin.hi, smin.lo);
    umax.minU(smax.hi, smax.lo);
  } else if (umax.below(smin.hi, smin.lo)) {
    // the unsigned range meets only what is not negative of the signed one
    smin.set(umin.hi, umin.lo);
    umax.minU(smax.hi, smax.lo);
  } else if (smax.below(umin.hi, umin.lo)) {
    // only what is negative
    smax.set(umax.hi, umax.lo);
    umin.maxU(smin.hi, smin.lo);
  }
}

/** The tnum keeps the bits that all numbers from lo to hi share. */
function intersectRange(lo: Word64, hi: Word64): void {
  const top = lo.hi ^ hi.hi;
  const bottom = lo.lo ^ hi.lo;
  const freeHi = top === 0 ? 0 : ones(top);
  const freeLo = top !== 0 ? -1 : bottom === 0 ? 0 : ones(bottom);
  intersect(lo.hi & ~freeHi, freeHi, lo.lo & ~freeLo, freeLo);
}
/** All bits up to the highest one set. */
const ones = (x: number): number => (-1 >>> Math.clz32(x)) | 0;

/** What holds when both hold: this tnum and another one. */
function intersect(valueHi: number, maskHi: number, valueLo: number, maskLo: number): void {
  const hi = m.hi & maskHi;
  const lo = m.lo & maskLo;
  v.set((v.hi | valueHi) & ~hi, (v.lo | valueLo) & ~lo);
  m.set(hi, lo);
}

/** The 64-bit ranges learn from the 32-bit ones. */
function deduceMixed(): void {
  if (sub.umin === 0 && sub.umax === 0xffff_ffff) return;
  const lo = sub.umin | 0;
  const hi = sub.umax | 0;
  umin.maxU(umin.hi, lo);
  umax.minU(umax.hi, hi);
  smin.maxS(smin.hi, lo);
  smax.minS(smax.hi, hi);
  // a sign-extended 32-bit value whose low half cannot be negative has no upper half
  const extended = !smin.less(-1, S32_MIN) && (smax.is(0, S32_MAX) || smax.less(0, S32_MAX));
  if (sub.smin >= 0 && extended) {
    smin.set(0, sub.smin);
    umin.set(0, sub.smin);
    smax.set(sub.smax >> 31, sub.smax);
    umax.set(sub.smax >> 31, sub.smax);
    intersectRange(umin, umax);
  }
}

/** What the ranges say of the tnum: of the whole, then of its low half. */
function toBits(): void {
  intersectRange(umin, umax);
  const differing = sub.umin ^ sub.umax;
  const free = differing === 0 ? 0 : ones(differing);
  const lo = m.lo & free;
  v.lo = (v.lo | (sub.umin & ~free)) & ~lo;
  m.lo = lo;
}

/** As many rounds as Linux makes, which is enough in practice; after one that teaches nothing no other would. */
const ROUNDS = 3;

/** @returns whether anything was learnt */
function deduce(): boolean {
  const { smin: s0, smax: s1, umin: u0, umax: u1 } = sub;
  learnt = false;
  deduce32();
  deduce64();
  deduceMixed();
  return learnt || sub.smin !== s0 || sub.smax !== s1 || sub.umin !== u0 || sub.umax !== u1;
}

/** Brings the five views of a scalar into agreement. @kernel reg_bounds_sync @fidelity full: app/helper_calls.test.ts */
export function syncBounds(state: RegState): void {
  if (state.isAnyScalar) return;
  const known = state.peek();
  const settled =
    known.var.m === 0n &&
    known.umin === known.var.v &&
    known.umin === known.umax &&
    known.smin === known.smax &&
    known.u32min === known.u32max &&
    known.s32min === known.s32max;
  if (settled) return;
  v.read(known.var.v);
  m.read(known.var.m);
  umin.read(known.umin);
  umax.read(known.umax);
  smin.read(known.smin);
  smax.read(known.smax);
  sub.smin = known.s32min;
  sub.smax = known.s32max;
  sub.umin = known.u32min;
  sub.umax = known.u32max;
  fromBits();
  for (let round = 0; round < ROUNDS && deduce(); round++);
  toBits();
  fromBits();
  write(state);
}

function write(state: RegState): void {
  const reg = state.scalar();
  if (v.changed || m.changed) reg.var = { v: v.unsigned(), m: m.unsigned() };
  if (umin.changed) reg.umin = umin.unsigned();
  if (umax.changed) reg.umax = umax.unsigned();
  if (smin.changed) reg.smin = smin.signed();
  if (smax.changed) reg.smax = smax.signed();
  reg.s32min = sub.smin;
  reg.s32max = sub.smax;
  reg.u32min = sub.umin;
  reg.u32max = sub.umax;
}
