/**
 * Arithmetic on ranges: dst op= src for two scalars. Every operation first moves the 32-bit ranges, then the
 * 64-bit ranges, then the tnum; what may overflow becomes unbounded.
 *
 * Source: adjust_scalar_min_max_vals, kernel/bpf/verifier.c, Linux 6.12.
 */
import { must } from '../../shared/assert.ts';
import { S64_MAX, S64_MIN, U64_MAX } from '../../shared/int64.ts';
import {
  BPF_ADD,
  BPF_AND,
  BPF_ARSH,
  BPF_LSH,
  BPF_MUL,
  BPF_OR,
  BPF_RSH,
  BPF_SUB,
  BPF_XOR,
} from '../abi/opcode.ts';
import { syncBounds } from './agree.ts';
import { update32Bounds, update64Bounds, updateBounds, zeroExtend32 } from './bounds.ts';
import type { RegState, RegValue } from './reg.ts';
import { S32_MAX, S32_MIN, U32_MAX } from './reg.ts';
import type { Tnum } from './tnum.ts';
import {
  tnumAdd,
  tnumAnd,
  tnumArsh,
  tnumLsh,
  tnumMul,
  tnumOr,
  tnumRsh,
  tnumSub,
  tnumSubreg,
  tnumXor,
} from './tnum.ts';

const LOW = 0xffff_ffffn;
const fitsS64 = (x: bigint): boolean => x >= S64_MIN && x <= S64_MAX;
const fitsU64 = (x: bigint): boolean => x >= 0n && x <= U64_MAX;
const fitsS32 = (x: number): boolean => x >= S32_MIN && x <= S32_MAX;
const fitsU32 = (x: number): boolean => x >= 0 && x <= U32_MAX;

function setS64(reg: RegValue, lo: bigint, hi: bigint): void {
  const fits = fitsS64(lo) && fitsS64(hi);
  reg.smin = fits ? lo : S64_MIN;
  reg.smax = fits ? hi : S64_MAX;
}
function setU64(reg: RegValue, lo: bigint, hi: bigint): void {
  const fits = fitsU64(lo) && fitsU64(hi);
  reg.umin = fits ? lo : 0n;
  reg.umax = fits ? hi : U64_MAX;
}
function setS32(reg: RegValue, lo: number, hi: number): void {
  const fits = fitsS32(lo) && fitsS32(hi);
  reg.s32min = fits ? lo : S32_MIN;
  reg.s32max = fits ? hi : S32_MAX;
}
function setU32(reg: RegValue, lo: number, hi: number): void {
  const fits = fitsU32(lo) && fitsU32(hi);
  reg.u32min = fits ? lo : 0;
  reg.u32max = fits ? hi : U32_MAX;
}

/** dst += src without the final agreement; linked scalars use it too. */
export function addRanges(dst: RegValue, src: Readonly<RegValue>): void {
  setS32(dst, dst.s32min + src.s32min, dst.s32max + src.s32max);
  setU32(dst, dst.u32min + src.u32min, dst.u32max + src.u32max);
  setS64(dst, dst.smin + src.smin, dst.smax + src.smax);
  setU64(dst, dst.umin + src.umin, dst.umax + src.umax);
  dst.var = tnumAdd(dst.var, src.var);
}

function subRanges(dst: RegValue, src: Readonly<RegValue>): void {
  setS32(dst, dst.s32min - src.s32max, dst.s32max - src.s32min);
  if (dst.u32min < src.u32max) setU32(dst, -1, -1);
  else setU32(dst, dst.u32min - src.u32max, dst.u32max - src.u32min);
  setS64(dst, dst.smin - src.smax, dst.smax - src.smin);
  if (dst.umin < src.umax) setU64(dst, -1n, -1n);
  else setU64(dst, dst.umin - src.umax, dst.umax - src.umin);
  dst.var = tnumSub(dst.var, src.var);
}

function mulRanges(dst: RegValue, src: Readonly<RegValue>): void {
  const product = tnumMul(dst.var, src.var);
  if (src.s32min < 0 || dst.s32min < 0 || src.u32max > 0xffff || dst.u32max > 0xffff) {
    dst.mark32Unbounded();
  } else {
    dst.u32min *= src.u32min;
    dst.u32max *= src.u32max;
    if (dst.u32max > S32_MAX) setS32(dst, -Infinity, Infinity);
    else setS32(dst, dst.u32min, dst.u32max);
  }
  if (src.smin < 0n || dst.smin < 0n || src.umax > LOW || dst.umax > LOW) {
    dst.mark64Unbounded();
  } else {
    dst.umin *= src.umin;
    dst.umax *= src.umax;
    if (dst.umax > S64_MAX) setS64(dst, S64_MIN, S64_MAX);
    else setS64(dst, dst.umin, dst.umax);
  }
  dst.var = product;
}

/** Signed ranges of a bitwise result: the unsigned ones, unless they cross the sign. */
function signsFromUnsigned(dst: RegValue): void {
  const lo = BigInt.asIntN(64, dst.umin);
  const hi = BigInt.asIntN(64, dst.umax);
  dst.smin = lo <= hi ? lo : S64_MIN;
  dst.smax = lo <= hi ? hi : S64_MAX;
}
function signsFromUnsigned32(dst: RegValue): void {
  const lo = dst.u32min | 0;
  const hi = dst.u32max | 0;
  dst.s32min = lo <= hi ? lo : S32_MIN;
  dst.s32max = lo <= hi ? hi : S32_MAX;
}

const TNUM_OF: ReadonlyMap<number, (a: Tnum, b: Tnum) => Tnum> = new Map([
  [BPF_AND, tnumAnd],
  [BPF_OR, tnumOr],
  [BPF_XOR, tnumXor],
]);

/** AND is no more than either, OR no less; beyond that the bits say what comes of it. */
function bitwise(dst: RegValue, src: Readonly<RegValue>, op: number): void {
  const result = must(TNUM_OF.get(op), 'bitwise operation')(dst.var, src.var);
  const known32 = (result.m & LOW) === 0n && (src.var.m & LOW) === 0n;
  const low = Number(result.v & LOW);
  const known = result.m === 0n && src.var.m === 0n;
  dst.var = result;
  dst.u32min = op === BPF_OR && !known32 ? Math.max(dst.u32min, src.u32min) : low;
  if (known32) dst.u32max = low;
  else if (op === BPF_AND) dst.u32max = Math.min(dst.u32max, src.u32max);
  else dst.u32max = Number((result.v | result.m) & LOW);
  signsFromUnsigned32(dst);
  if (known || op !== BPF_OR) dst.umin = result.v;
  else if (src.umin > dst.umin) dst.umin = src.umin;
  if (known) dst.umax = result.v;
  else if (op !== BPF_AND) dst.umax = result.v | result.m;
  else if (src.umax < dst.umax) dst.umax = src.umax;
  signsFromUnsigned(dst);
  if (!known) updateBounds(dst);
}

function shiftLeft32Ranges(dst: RegValue, by: number): void {
  dst.s32min = S32_MIN;
  dst.s32max = S32_MAX;
  if (by > 31 || dst.u32max > 2 ** (31 - by)) setU32(dst, -1, -1);
  else setU32(dst, dst.u32min * 2 ** by, dst.u32max * 2 ** by);
}

function shiftLeft(dst: RegValue, by: number): void {
  const n = BigInt(by);
  // shifting by 32 is half of a sign extension: the 32-bit range says what comes of it
  dst.smax = by === 32 && dst.s32max >= 0 ? BigInt(dst.s32max) << 32n : S64_MAX;
  dst.smin = by === 32 && dst.s32min >= 0 ? BigInt(dst.s32min) << 32n : S64_MIN;
  if (dst.umax > 1n << (63n - n)) setU64(dst, -1n, -1n);
  else setU64(dst, dst.umin << n, dst.umax << n);
  shiftLeft32Ranges(dst, by);
  dst.var = tnumLsh(dst.var, by);
  updateBounds(dst);
}

function shiftLeft32(dst: RegValue, by: number): void {
  const sub = tnumSubreg(dst.var);
  shiftLeft32Ranges(dst, by);
  dst.var = tnumSubreg(tnumLsh(sub, by));
  dst.mark64Unbounded();
  update32Bounds(dst);
}

function shiftRight(dst: RegValue, by: number): void {
  dst.smin = S64_MIN;
  dst.smax = S64_MAX;
  dst.var = tnumRsh(dst.var, by);
  dst.umin >>= BigInt(by);
  dst.umax >>= BigInt(by);
  dst.mark32Unbounded();
  updateBounds(dst);
}

function shiftRight32(dst: RegValue, by: number): void {
  dst.s32min = S32_MIN;
  dst.s32max = S32_MAX;
  dst.var = tnumRsh(tnumSubreg(dst.var), by);
  dst.u32min >>>= by;
  dst.u32max >>>= by;
  dst.mark64Unbounded();
  update32Bounds(dst);
}

function shiftArith(dst: RegValue, by: number): void {
  dst.smin >>= BigInt(by);
  dst.smax >>= BigInt(by);
  dst.var = tnumArsh(dst.var, by, 64);
  dst.umin = 0n;
  dst.umax = U64_MAX;
  dst.mark32Unbounded();
  update32Bounds(dst);
  update64Bounds(dst);
}

function shiftArith32(dst: RegValue, by: number): void {
  dst.s32min >>= by;
  dst.s32max >>= by;
  dst.var = tnumArsh(tnumSubreg(dst.var), by, 32);
  dst.u32min = 0;
  dst.u32max = U32_MAX;
  dst.mark64Unbounded();
  update32Bounds(dst);
}

/** How the result of an operation can be told. */
const UNKNOWN = 0;
const ALWAYS = 1;
/** When it is known by how much. */
const SHIFT = 2;
const RULES = new Uint8Array(256);
for (const op of [BPF_ADD, BPF_SUB, BPF_MUL, BPF_AND, BPF_OR, BPF_XOR]) RULES[op] = ALWAYS;
for (const op of [BPF_LSH, BPF_RSH, BPF_ARSH]) RULES[op] = SHIFT;

function constAmount(src: Readonly<RegValue>, is32: boolean): number | null {
  const bits = is32 ? 32 : 64;
  const known = is32
    ? (src.var.m & LOW) === 0n && src.u32min === src.u32max && src.s32min === src.s32max
    : src.var.m === 0n && src.umin === src.umax && src.smin === src.smax;
  return known && src.umax < BigInt(bits) ? Number(src.umin) : null;
}

/** One number, and all five views say so. */
export const isExact = (reg: Readonly<RegValue>): boolean =>
  reg.var.m === 0n &&
  reg.umin === reg.umax &&
  reg.smin === reg.smax &&
  reg.u32min === reg.u32max &&
  reg.s32min === reg.s32max;

/** The result for two numbers, which is what all the ranges come to; null: shifts, which are left to them. */
function exact(a: bigint, b: bigint, op: number, is32: boolean): bigint | null {
  const bits = is32 ? 32 : 64;
  switch (op) {
    case BPF_ADD:
      return BigInt.asUintN(bits, a + b);
    case BPF_SUB:
      return BigInt.asUintN(bits, a - b);
    case BPF_MUL:
      return BigInt.asUintN(bits, a * b);
    case BPF_AND:
      return BigInt.asUintN(bits, a & b);
    case BPF_OR:
      return BigInt.asUintN(bits, a | b);
    case BPF_XOR:
      return BigInt.asUintN(bits, a ^ b);
    default:
      return null;
  }
}

/**
 * dst op= src for scalars; the id is the caller's business.
 *
 * @param op BPF_ADD and so on; division and modulo give an unknown value
 * @kernel adjust_scalar_min_max_vals, kernel/bpf/verifier.c
 * @fidelity full: ranges.test.ts
 */
export function scalarAlu(dst: RegState, src: RegState, op: number, is32: boolean): void {
  const from = src.peek();
  const rule = RULES[op] ?? UNKNOWN;
  if (rule === UNKNOWN) return dst.setUnknown();
  const by = rule === SHIFT ? constAmount(from, is32) : 0;
  if (by === null) return dst.setUnknown();
  const result = isExact(from) && isExact(dst.peek()) ? exact(dst.peek().var.v, from.var.v, op, is32) : null;
  if (result !== null) return dst.become(result);
  const to = dst.scalar();
  switch (op) {
    case BPF_ADD:
      addRanges(to, from);
      break;
    case BPF_SUB:
      subRanges(to, from);
      break;
    case BPF_MUL:
      mulRanges(to, from);
      break;
    case BPF_LSH:
      (is32 ? shiftLeft32 : shiftLeft)(to, by);
      break;
    case BPF_RSH:
      (is32 ? shiftRight32 : shiftRight)(to, by);
      break;
    case BPF_ARSH:
      (is32 ? shiftArith32 : shiftArith)(to, by);
      break;
    default:
      bitwise(to, from, op);
  }
  if (is32) zeroExtend32(dst);
  syncBounds(dst);
}
