/**
 * Conditional jumps: is the outcome known, and what does each outcome teach?
 *
 * Source: is_branch_taken, regs_refine_cond_op, kernel/bpf/verifier.c, Linux 6.12.
 */
import {
  BPF_JEQ,
  BPF_JGE,
  BPF_JGT,
  BPF_JLE,
  BPF_JLT,
  BPF_JNE,
  BPF_JSET,
  BPF_JSGE,
  BPF_JSGT,
  BPF_JSLE,
  BPF_JSLT,
} from '../abi/opcode.ts';
import { syncBounds } from './agree.ts';
import type { RegState } from './reg.ts';
import {
  MEM_ALLOC,
  PTR_TO_BTF_ID,
  PTR_TO_BUF,
  PTR_TO_MAP_KEY,
  PTR_TO_MAP_VALUE,
  PTR_TO_MEM,
  PTR_TO_SOCK_COMMON,
  PTR_TO_SOCKET,
  PTR_TRUSTED,
  CONST_PTR_TO_MAP,
  PTR_UNTRUSTED,
  SCALAR_VALUE,
  baseType,
  mayBeNull,
  typeFlags,
} from './reg_type.ts';
import type { Tnum } from './tnum.ts';
import { tnumAnd, tnumConst, tnumIntersect, tnumOr, tnumSubreg, tnumWithSubreg } from './tnum.ts';

/** JSET that did not jump; no instruction has this code. */
const JSET_FALSE = BPF_JSET | 0x100;

/** The comparison with its operands exchanged. */
const FLIPPED: ReadonlyMap<number, number> = new Map([
  [BPF_JGE, BPF_JLE],
  [BPF_JGT, BPF_JLT],
  [BPF_JLE, BPF_JGE],
  [BPF_JLT, BPF_JGT],
  [BPF_JSGE, BPF_JSLE],
  [BPF_JSGT, BPF_JSLT],
  [BPF_JSLE, BPF_JSGE],
  [BPF_JSLT, BPF_JSGT],
]);
/** The comparison that holds when this one does not. */
const REVERSED: ReadonlyMap<number, number> = new Map([
  [BPF_JEQ, BPF_JNE],
  [BPF_JNE, BPF_JEQ],
  [BPF_JSET, JSET_FALSE],
  [BPF_JLT, BPF_JGE],
  [BPF_JLE, BPF_JGT],
  [BPF_JGT, BPF_JLE],
  [BPF_JGE, BPF_JLT],
  [BPF_JSLT, BPF_JSGE],
  [BPF_JSLE, BPF_JSGT],
  [BPF_JSGT, BPF_JSLE],
  [BPF_JSGE, BPF_JSLT],
]);

/** Types that stand for one kind of kernel object. */
const IS_OBJECT: ReadonlySet<number> = new Set([CONST_PTR_TO_MAP, PTR_TO_SOCK_COMMON, PTR_TO_SOCKET]);

/** Referenced, trusted or allocated, and nothing that takes the trust away. */
export function isTrusted(reg: RegState): boolean {
  if (reg.refObjId !== 0 || IS_OBJECT.has(reg.type)) return true;
  const trust = PTR_TRUSTED | MEM_ALLOC;
  const flags = typeFlags(reg.type);
  return (flags & trust) !== 0 && (flags & ~trust) === 0;
}

const NEVER_NULL: ReadonlySet<number> = new Set([
  PTR_TO_MAP_VALUE,
  PTR_TO_MAP_KEY,
  PTR_TO_SOCK_COMMON,
  PTR_TO_SOCKET,
  PTR_TO_BUF,
]);

function isNotNull(reg: RegState): boolean {
  if (mayBeNull(reg.type)) return false;
  const base = baseType(reg.type);
  if (base === PTR_TO_BTF_ID) return isTrusted(reg);
  if (base === PTR_TO_MEM) return (reg.type & PTR_UNTRUSTED) === 0;
  return NEVER_NULL.has(base);
}

const signOf = (value: bigint, is32: boolean): bigint => BigInt.asIntN(is32 ? 32 : 64, value);

/** The value of a constant in the width compared. */
const constIn = (reg: RegState, is32: boolean): bigint => (is32 ? reg.var.v & 0xffff_ffffn : reg.var.v);

interface Ranges {
  readonly t: Tnum;
  readonly umin: bigint | number;
  readonly umax: bigint | number;
  readonly smin: bigint | number;
  readonly smax: bigint | number;
}
const ranges = (r: RegState, is32: boolean): Ranges =>
  is32
    ? { t: tnumSubreg(r.var), umin: r.u32min, umax: r.u32max, smin: r.s32min, smax: r.s32max }
    : { t: r.var, umin: r.umin, umax: r.umax, smin: r.smin, smax: r.smax };

function disjoint(r1: RegState, r2: RegState, a: Ranges, b: Ranges, is32: boolean): boolean {
  if (a.umin > b.umax || a.umax < b.umin || a.smin > b.smax || a.smax < b.smin) return true;
  if (is32) return false;
  return r1.u32min > r2.u32max || r1.u32max < r2.u32min || r1.s32min > r2.s32max || r1.s32max < r2.s32min;
}

function scalarBranch(r1: RegState, r2: RegState, op: number, is32: boolean): boolean | null {
  let a = ranges(r1, is32);
  let b = ranges(r2, is32);
  const order = (yes: boolean, no: boolean): boolean | null => (yes ? true : no ? false : null);
  switch (op) {
    case BPF_JEQ:
    case BPF_JNE: {
      const equal = op === BPF_JEQ;
      if (a.t.m === 0n && b.t.m === 0n) return (a.t.v === b.t.v) === equal;
      return disjoint(r1, r2, a, b, is32) ? !equal : null;
    }
    case BPF_JSET:
      if (b.t.m !== 0n) [a, b] = [b, a];
      if (b.t.m !== 0n) return null;
      if ((a.t.v & b.t.v) !== 0n) return true;
      return ((a.t.m | a.t.v) & b.t.v) === 0n ? false : null;
    case BPF_JGT:
      return order(a.umin > b.umax, a.umax <= b.umin);
    case BPF_JSGT:
      return order(a.smin > b.smax, a.smax <= b.smin);
    case BPF_JLT:
      return order(a.umax < b.umin, a.umin >= b.umax);
    case BPF_JSLT:
      return order(a.smax < b.smin, a.smin >= b.smax);
    case BPF_JGE:
      return order(a.umin >= b.umax, a.umax < b.umin);
    case BPF_JSGE:
      return order(a.smin >= b.smax, a.smax < b.smin);
    case BPF_JLE:
      return order(a.umax <= b.umin, a.umin > b.umax);
    case BPF_JSLE:
      return order(a.smax <= b.smin, a.smin > b.smax);
    default:
      return null;
  }
}

/**
 * Whether the jump is taken: true, false, or null when both may happen.
 *
 * @kernel is_branch_taken, kernel/bpf/verifier.c
 * @fidelity partial: packet pointers, which iterators never hold, are not compared
 */
export function branchTaken(r1: RegState, r2: RegState, op: number, is32: boolean): boolean | null {
  if (r1.type === SCALAR_VALUE && r2.type === SCALAR_VALUE) return scalarBranch(r1, r2, op, is32);
  if (!r2.isConstIn(is32)) [r1, r2, op] = [r2, r1, FLIPPED.get(op) ?? op];
  if (!r2.isConstIn(is32) || !isNotNull(r1) || constIn(r2, is32) !== 0n) return null;
  return op === BPF_JEQ ? false : op === BPF_JNE ? true : null;
}

function refineEqual(a: RegState, b: RegState, is32: boolean): void {
  if (is32) {
    a.u32min = b.u32min = Math.max(a.u32min, b.u32min);
    a.u32max = b.u32max = Math.min(a.u32max, b.u32max);
    a.s32min = b.s32min = Math.max(a.s32min, b.s32min);
    a.s32max = b.s32max = Math.min(a.s32max, b.s32max);
    const t = tnumIntersect(tnumSubreg(a.var), tnumSubreg(b.var));
    a.var = tnumWithSubreg(a.var, t);
    b.var = tnumWithSubreg(b.var, t);
    return;
  }
  a.umin = b.umin = a.umin > b.umin ? a.umin : b.umin;
  a.umax = b.umax = a.umax < b.umax ? a.umax : b.umax;
  a.smin = b.smin = a.smin > b.smin ? a.smin : b.smin;
  a.smax = b.smax = a.smax < b.smax ? a.smax : b.smax;
  a.var = b.var = tnumIntersect(a.var, b.var);
}

/** `reg` is not `value`: a range that ends there ends one earlier. */
function refineNotEqual(reg: RegState, value: bigint, is32: boolean): void {
  if (is32) {
    const u = Number(value & 0xffff_ffffn);
    const s = u | 0;
    if (reg.u32min === u) reg.u32min++;
    if (reg.u32max === u) reg.u32max--;
    if (reg.s32min === s) reg.s32min++;
    if (reg.s32max === s) reg.s32max--;
    return;
  }
  const s = signOf(value, false);
  if (reg.umin === value) reg.umin++;
  if (reg.umax === value) reg.umax--;
  if (reg.smin === s) reg.smin++;
  if (reg.smax === s) reg.smax--;
}

function refineBits(reg: RegState, value: bigint, is32: boolean, set: boolean): void {
  if (set && (value === 0n || (value & (value - 1n)) !== 0n)) return;
  const change = (t: Tnum): Tnum => (set ? tnumOr(t, tnumConst(value)) : tnumAnd(t, tnumConst(~value)));
  reg.var = is32 ? tnumWithSubreg(reg.var, change(tnumSubreg(reg.var))) : change(reg.var);
}

/** a <= b, or a < b when strict. */
function refineLess(a: RegState, b: RegState, is32: boolean, isSigned: boolean, strict: boolean): void {
  if (is32) {
    const d = strict ? 1 : 0;
    if (isSigned) {
      a.s32max = Math.min(a.s32max, b.s32max - d);
      b.s32min = Math.max(a.s32min + d, b.s32min);
    } else {
      a.u32max = Math.min(a.u32max, b.u32max - d);
      b.u32min = Math.max(a.u32min + d, b.u32min);
    }
    return;
  }
  const d = strict ? 1n : 0n;
  if (isSigned) {
    if (b.smax - d < a.smax) a.smax = b.smax - d;
    if (a.smin + d > b.smin) b.smin = a.smin + d;
  } else {
    if (b.umax - d < a.umax) a.umax = b.umax - d;
    if (a.umin + d > b.umin) b.umin = a.umin + d;
  }
}

/** What both registers learn when the comparison holds. */
function refine(a: RegState, b: RegState, op: number, is32: boolean): void {
  switch (op) {
    case BPF_JEQ:
      return refineEqual(a, b, is32);
    case BPF_JNE:
    case BPF_JSET:
    case JSET_FALSE:
      if (!b.isConstIn(is32)) [a, b] = [b, a];
      if (!b.isConstIn(is32)) return;
      if (op === BPF_JNE) return refineNotEqual(a, constIn(b, is32), is32);
      return refineBits(a, constIn(b, is32), is32, op === BPF_JSET);
    case BPF_JLE:
    case BPF_JLT:
      return refineLess(a, b, is32, false, op === BPF_JLT);
    case BPF_JSLE:
    case BPF_JSLT:
      return refineLess(a, b, is32, true, op === BPF_JSLT);
    default:
      return refine(b, a, FLIPPED.get(op) ?? op, is32);
  }
}

/**
 * Narrows both registers in both outcomes.
 *
 * @kernel reg_set_min_max, kernel/bpf/verifier.c
 * @fidelity full: ranges.test.ts
 */
export function refineBranches(
  taken: readonly [RegState, RegState],
  fallThrough: readonly [RegState, RegState],
  op: number,
  is32: boolean,
): void {
  if (fallThrough[0].type !== SCALAR_VALUE || fallThrough[1].type !== SCALAR_VALUE) return;
  refine(fallThrough[0], fallThrough[1], REVERSED.get(op) ?? op, is32);
  syncBounds(fallThrough[0]);
  syncBounds(fallThrough[1]);
  refine(taken[0], taken[1], op, is32);
  syncBounds(taken[0]);
  syncBounds(taken[1]);
}
