/**
 * Folding and algebra: an instruction becomes a constant, one of its operands, or a cheaper instruction.
 *
 * `simplify` looks at one instruction and answers what it equals; `simplifyAll` runs it to a fixed point.
 * Nothing here moves code or looks at memory.
 */
import { possibleBits, simplifyMask } from './opt_bits.ts';
import { simplifyDivided } from './opt_divide.ts';
import { invertCond, replaceValues, swapCond } from './ir.ts';
import type { BinaryOp, Cond, Inst, IrFunction, Op, Width } from './ir.ts';

const COMMUTATIVE: ReadonlySet<Op> = new Set<Op>(['add', 'mul', 'and', 'or', 'xor']);
const S16_MAX = 32767;

/** Arithmetic as BPF does it: division by zero gives 0, modulo by zero the dividend, shifts are masked. */
export const FOLD: Readonly<Record<BinaryOp, (a: bigint, b: bigint, width: Width) => bigint>> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  udiv: (a, b, w) => (b === 0n ? 0n : BigInt.asUintN(w, a) / BigInt.asUintN(w, b)),
  umod: (a, b, w) => (b === 0n ? a : BigInt.asUintN(w, a) % BigInt.asUintN(w, b)),
  sdiv: (a, b) => (b === 0n ? 0n : a / b),
  smod: (a, b) => (b === 0n ? a : a % b),
  and: (a, b) => a & b,
  or: (a, b) => a | b,
  xor: (a, b) => a ^ b,
  shl: (a, b, w) => a << (b & BigInt(w - 1)),
  lshr: (a, b, w) => BigInt.asUintN(w, a) >> (b & BigInt(w - 1)),
  ashr: (a, b, w) => a >> (b & BigInt(w - 1)),
};
export const isBinary = (op: Op): op is BinaryOp => op in FOLD;

export function foldCond(cond: Cond, a: bigint, b: bigint, width: Width): boolean {
  const x = BigInt.asUintN(width, a);
  const y = BigInt.asUintN(width, b);
  switch (cond) {
    case 'eq':
      return a === b;
    case 'ne':
      return a !== b;
    case 'ugt':
      return x > y;
    case 'uge':
      return x >= y;
    case 'ult':
      return x < y;
    case 'ule':
      return x <= y;
    case 'sgt':
      return a > b;
    case 'sge':
      return a >= b;
    case 'slt':
      return a < b;
    case 'sle':
      return a <= b;
    case 'set':
      return (x & y) !== 0n;
  }
}

/** By how much a shift shifts at least. */
const shiftCount = ({ args: [, by], width }: Inst): number =>
  by?.op === 'const' ? Number(by.imm & BigInt(width - 1)) : 0;

/** How many low bits of a value may be set; the rest is zero. */
export function usedBits(inst: Inst, depth = 0): number {
  const args = (i: number): number => usedBits(inst.args[i]!, depth + 1);
  if (depth > 6) return inst.width;
  switch (inst.op) {
    case 'const':
      return inst.imm < 0n ? inst.width : inst.imm.toString(2).length;
    case 'load':
      return Math.min(inst.width, inst.size * 8);
    case 'cmp':
      return 1;
    case 'zext':
      return Math.min(32, args(0));
    case 'trunc':
      return Math.min(32, args(0));
    case 'and':
      return Math.min(args(0), args(1));
    case 'or':
    case 'xor':
      return Math.max(args(0), args(1));
    case 'lshr':
      return Math.max(0, args(0) - shiftCount(inst));
    case 'shl':
      return inst.args[1]!.op === 'const' ? Math.min(inst.width, args(0) + shiftCount(inst)) : inst.width;
    case 'bswap':
      return Math.min(inst.width, inst.bits);
    case 'udiv':
      return args(0);
    case 'umod':
      return inst.args[1]!.op === 'const' && inst.args[1]!.imm !== 0n ? Math.min(args(0), args(1)) : args(0);
    case 'phi':
      return inst.args.reduce(
        (bits, arg) => (arg === inst ? bits : Math.max(bits, usedBits(arg, depth + 2))),
        0,
      );
    default:
      return inst.width;
  }
}

function simplifyBinary(fn: IrFunction, inst: Inst): Inst | null {
  const op = inst.op as BinaryOp;
  const { width } = inst;
  let [a, b] = inst.args as [Inst, Inst];
  if (a.op === 'const' && b.op === 'const') return fn.const(width, FOLD[op](a.imm, b.imm, width));
  if (a.op === 'const' && COMMUTATIVE.has(op)) {
    [a, b] = [b, a];
    inst.args = [a, b];
  }
  if (a === b) {
    if (op === 'sub' || op === 'xor') return fn.const(width, 0n);
    if (op === 'and' || op === 'or') return a;
  }
  if ((op === 'sdiv' || op === 'smod') && isNonNegative(a) && isNonNegative(b)) {
    inst.op = op === 'sdiv' ? 'udiv' : 'umod';
    return simplifyBinary(fn, inst);
  }
  if (op === 'sub') {
    const apart = simplifyDistance(fn, inst, a, b);
    if (apart) return apart;
    if (inst.op !== 'sub') return simplifyBinary(fn, inst);
    [a, b] = inst.args as [Inst, Inst];
  }
  if (b.op !== 'const') return null;
  const c = b.imm;
  const change = (to: BinaryOp, left: Inst, imm: bigint): null => {
    inst.op = to;
    inst.args = [left, fn.const(width, imm)];
    inst.nsw = false;
    return null;
  };
  const isShift = op === 'shl' || op === 'lshr' || op === 'ashr';
  if (isShift && (c < 0n || c >= BigInt(width))) return change(op, a, c & BigInt(width - 1));
  const log2 = c > 0n && (c & (c - 1n)) === 0n ? BigInt(c.toString(2).length - 1) : null;
  switch (op) {
    case 'sub':
      return c === 0n ? a : change('add', a, -c);
    case 'add':
      if (c === 0n) return a;
      if (a.op === 'frame' && a.slot) return fn.frame(a.slot, a.off + Number(c));
      if (a.op === 'addr' && a.symbol) return fn.addr(a.symbol, a.off + Number(c));
      if (a.op === 'add' && a.args[1]!.op === 'const') return change('add', a.args[0]!, a.args[1]!.imm + c);
      return null;
    case 'mul':
      if (c === 0n) return b;
      if (c === 1n) return a;
      return log2 === null ? null : change('shl', a, log2);
    case 'sdiv':
      return c === 1n ? a : null;
    case 'smod':
      return c === 1n || c === -1n ? fn.const(width, 0n) : null;
    case 'udiv':
      if (c === 1n) return a;
      return log2 === null ? null : change('lshr', a, log2);
    case 'umod':
      return log2 === null ? null : change('and', a, c - 1n);
    case 'and':
      if (c === 0n) return b;
      if (c === -1n) return a;
      if (a.op === 'and' && a.args[1]!.op === 'const') return change('and', a.args[0]!, a.args[1]!.imm & c);
      if (a.op === 'sext' && c > 0n && c < 1n << BigInt(a.bits) && a.args[0]!.width === width)
        return change('and', a.args[0]!, c);
      return simplifyMask(fn, inst);
    case 'or':
    case 'xor':
      return c === 0n ? a : null;
    case 'shl':
      if (c === 0n) return a;
      return a.op === 'shl' && a.args[1]!.op === 'const' && a.args[1]!.imm + c < BigInt(width)
        ? change('shl', a.args[0]!, a.args[1]!.imm + c)
        : null;
    case 'lshr':
      return c === 0n ? a : simplifyExtract(fn, inst, change);
    case 'ashr':
      return c === 0n ? a : null;
    default:
      return null;
  }
}

/** `(x << c) >> c` keeps the low bits: one mask does, if it fits an instruction, and none if there are no others. */
function simplifyExtract(
  fn: IrFunction,
  inst: Inst,
  change: (to: BinaryOp, left: Inst, imm: bigint) => null,
): Inst | null {
  const [a, b] = inst.args as [Inst, Inst];
  const [from, by] = a.args;
  if (a.op !== 'shl' || by?.op !== 'const' || by.imm !== b.imm || !from) return null;
  const bits = inst.width - Number(b.imm);
  if (usedBits(from) <= bits) return from;
  return bits < 32 ? change('and', from, (1n << BigInt(bits)) - 1n) : null;
}

/** What an address was computed from: an object's or any other, what was added to it, and a constant. */
function partsOfSum(inst: Inst): { base: Inst; rest: Inst | null } {
  if (inst.op !== 'add') return { base: inst, rest: null };
  const [a, b] = inst.args as [Inst, Inst];
  return isObject(b) ? { base: b, rest: a } : { base: a, rest: b };
}
const isObject = ({ op }: Inst): boolean => op === 'addr' || op === 'frame';
const isSameObject = (a: Inst, b: Inst): boolean =>
  a === b || (isObject(a) && a.op === b.op && a.symbol === b.symbol && a.slot === b.slot);

/** `(p + a) - (p + b)`: where p is does not matter. @returns what it equals, or null; may rewrite the instruction */
function simplifyDistance(fn: IrFunction, inst: Inst, a: Inst, b: Inst): Inst | null {
  const [x, y] = [partsOfSum(a), partsOfSum(b)];
  if (!isSameObject(x.base, y.base)) return null;
  const off = fn.const(inst.width, x.base === y.base ? 0n : BigInt(x.base.off - y.base.off));
  if (!x.rest && !y.rest) return off;
  if (!x.rest) inst.args = [off, y.rest!];
  else if (!y.rest) Object.assign(inst, { op: 'add', args: [x.rest, off], nsw: false });
  else if (off.imm === 0n) inst.args = [x.rest, y.rest];
  return null;
}

const fitsS32 = (x: bigint): boolean => x >= -0x8000_0000n && x <= 0x7fff_ffffn;
const SIGNED: ReadonlySet<Cond> = new Set<Cond>(['sgt', 'sge', 'slt', 'sle']);
const UNSIGNED: ReadonlySet<Cond> = new Set<Cond>(['ugt', 'uge', 'ult', 'ule']);

/** A comparison on (a, b), in place of another that gives the same. */
export interface Compare {
  readonly cond: Cond;
  readonly a: Inst;
  readonly b: Inst;
}

/** `(x << k) == c`, where no bit of x is lost, asks for x itself. */
function simplifyShifted(fn: IrFunction, { cond, a, b }: Compare): Compare | null {
  const [from, by] = a.args;
  if (a.op !== 'shl' || by?.op !== 'const' || !from || b.op !== 'const') return null;
  if (cond !== 'eq' && cond !== 'ne') return null;
  const room = a.width - Number(by.imm);
  const signed = from.op === 'sext' && from.bits <= room;
  if (!signed && usedBits(from) > room) return null;
  const value = signed ? b.imm >> by.imm : BigInt.asUintN(a.width, b.imm) >> by.imm;
  const whole = BigInt.asIntN(a.width, value << by.imm) === b.imm;
  return whole
    ? { cond, a: from, b: fn.const(a.width, value) }
    : { cond, a: fn.const(a.width, 0n), b: fn.const(a.width, 1n) };
}

/** The same comparison with the constant right, on fewer bits, or of what a 0-or-1 value was made of. */
export function simplifyCompare(fn: IrFunction, from: Compare): Compare {
  const { cond, a, b } = from;
  if (a.op === 'const' && b.op !== 'const') return { cond: swapCond(cond), a: b, b: a };
  const simpler = simplifyShifted(fn, from) ?? simplifyDivided(fn, from);
  if (simpler) return simpler;
  const bit = a.op === 'zext' && a.args[0]!.op === 'cmp' ? a.args[0]! : a;
  if (
    bit.op === 'cmp' &&
    b.op === 'const' &&
    (cond === 'eq' || cond === 'ne') &&
    (b.imm === 0n || b.imm === 1n)
  ) {
    const same = (cond === 'ne') === (b.imm === 0n);
    const inner = same ? bit.cond : invertCond(bit.cond);
    if (inner) return { cond: inner, a: bit.args[0]!, b: bit.args[1]! };
  }
  if (a.width === 64 && (a.op === 'zext' || a.op === 'sext')) {
    const narrow = a.args[0]!;
    const signed = a.op === 'sext';
    if (narrow.width === 32 && (!signed || a.bits === 32)) {
      const ok = signed ? !UNSIGNED.has(cond) : !SIGNED.has(cond);
      if (ok && b.op === a.op && b.args[0]!.width === 32 && b.bits === a.bits)
        return { cond, a: narrow, b: b.args[0]! };
      if (ok && b.op === 'const' && (signed ? fitsS32(b.imm) : b.imm >= 0n && b.imm <= 0xffff_ffffn))
        return { cond, a: narrow, b: fn.const(32, b.imm) };
      // what is negative stays above every such constant in either width
      if (signed && UNSIGNED.has(cond) && b.op === 'const' && b.imm >= 0n && b.imm <= 0x7fff_ffffn)
        return { cond, a: narrow, b: fn.const(32, b.imm) };
      if (!signed && SIGNED.has(cond) && b.op === 'const' && b.imm >= 0n && b.imm <= 0xffff_ffffn)
        return { cond: cond.replace('s', 'u') as Cond, a: narrow, b: fn.const(32, b.imm) };
    }
  }
  if (b.op === 'const' && b.imm > S64_LIMIT) return from;
  if (b.op === 'const' && b.imm === 0n && cond === 'ugt') return { cond: 'ne', a, b };
  if (b.op === 'const' && b.imm === 1n && cond === 'ult') return { cond: 'eq', a, b: fn.const(a.width, 0n) };
  return from;
}
const S64_LIMIT = 0x7fff_ffff_ffff_ffffn;

/** 0 or 1 when the outcome is known, else null. */
export function knownCompare(from: Compare): boolean | null {
  const { cond, a, b } = from;
  if (a.op === 'const' && b.op === 'const') return foldCond(cond, a.imm, b.imm, a.width);
  if (a === b && cond !== 'set') return cond === 'eq' || cond.endsWith('e') ? cond !== 'ne' : false;
  if (a.op === 'frame' && b.op === 'const' && b.imm === 0n && (cond === 'eq' || cond === 'ne'))
    return cond === 'ne';
  if (a.op === 'addr' && a.symbol?.kind !== 'extern' && b.op === 'const' && b.imm === 0n)
    if (cond === 'eq' || cond === 'ne') return cond === 'ne';
  if (b.op === 'const' && b.imm === 0n && (cond === 'ult' || cond === 'uge')) return cond === 'uge';
  if (b.op === 'const' && b.imm > 0n && usedBits(a) < b.imm.toString(2).length) {
    if (cond === 'eq' || cond === 'ugt' || cond === 'uge') return false;
    if (cond === 'ne' || cond === 'ult' || cond === 'ule') return true;
  }
  return null;
}

/** How far one step of a counter may go: it would take 2^15 of them to reach the sign. */
const COUNTER_STEP = 1n << 16n;

/** The top bit is clear: by its bits, or as a counter from 0 or above in small steps, whose overflow C rules out. */
export function isNonNegative(inst: Inst, seen: Set<Inst> = new Set()): boolean {
  if (seen.has(inst)) return true;
  if (usedBits(inst) < inst.width || possibleBits(inst) >> BigInt(inst.width - 1) === 0n) return true;
  seen.add(inst);
  if (inst.op === 'phi') return inst.args.every((arg) => isNonNegative(arg, seen));
  const [from, step] = inst.args;
  const counts = inst.op === 'add' && inst.nsw && step?.op === 'const' && step.imm >= 0n;
  return counts && step.imm < COUNTER_STEP && from?.op === 'phi' && isNonNegative(from, seen);
}

/** From one address space into another and a third is one step; there and back is none. */
function simplifySpace(inst: Inst, from: Inst): Inst | null {
  if (from.op !== 'space') return null;
  const [to, origin] = [inst.imm >> 16n, from.imm & 0xffffn];
  if (to === origin) return from.args[0]!;
  inst.imm = (to << 16n) | origin;
  inst.args = [from.args[0]!];
  return null;
}

function simplifySext(fn: IrFunction, inst: Inst): Inst | null {
  const arg = inst.args[0]!;
  if (arg.op === 'const') return fn.const(inst.width, BigInt.asIntN(inst.bits, arg.imm));
  if (usedBits(arg) < inst.bits || (inst.bits === 32 && arg.width === 32 && isNonNegative(arg))) {
    if (arg.width === inst.width) return arg;
    inst.op = 'zext';
    return null;
  }
  if (arg.op === 'sext' && arg.bits <= inst.bits) {
    if (arg.width === inst.width) return arg;
    inst.bits = arg.bits;
    inst.args = [arg.args[0]!];
    return null;
  }
  if (arg.op === 'and' && arg.args[1]!.op === 'const' && arg.width === inst.width) {
    const mask = arg.args[1]!.imm;
    if (mask === (1n << BigInt(inst.bits)) - 1n) inst.args = [arg.args[0]!];
  }
  return null;
}

/** What the instruction equals, or null when it stays (it may have been rewritten in place). */
export function simplify(fn: IrFunction, inst: Inst): Inst | null {
  if (isBinary(inst.op)) return simplifyBinary(fn, inst);
  const arg = inst.args[0];
  switch (inst.op) {
    case 'cmp': {
      const better = simplifyCompare(fn, { cond: inst.cond, a: arg!, b: inst.args[1]! });
      inst.cond = better.cond;
      inst.args = [better.a, better.b];
      const known = knownCompare(better);
      return known === null ? null : fn.const(inst.width, known ? 1n : 0n);
    }
    case 'zext':
      if (arg!.op === 'const') return fn.const(64, BigInt.asUintN(32, arg!.imm));
      return arg!.op === 'trunc' && usedBits(arg!.args[0]!) <= 32 ? arg!.args[0]! : null;
    case 'trunc':
      if (arg!.op === 'const') return fn.const(32, arg!.imm);
      if (arg!.op === 'zext') return arg!.args[0]!;
      if (arg!.op === 'sext' && arg!.args[0]!.width === 32) {
        if (arg!.bits === 32) return arg!.args[0]!;
        inst.op = 'sext';
        inst.bits = arg!.bits;
        inst.args = [arg!.args[0]!];
      }
      return null;
    case 'space':
      return simplifySpace(inst, arg!);
    case 'sext':
      return simplifySext(fn, inst);
    case 'phi': {
      const others = inst.args.filter((value) => value !== inst);
      return others.length > 0 && others.every((value) => value === others[0]) ? others[0]! : null;
    }
    case 'call':
      resolveCall(inst);
      return null;
    case 'store':
      inst.args[1] = storedPart(inst);
      foldOffset(inst);
      return null;
    case 'load':
    case 'atomic':
      foldOffset(inst);
      return null;
    default:
      return null;
  }
}

/** What a narrow store needs of its value: extensions of the bits it stores change nothing. */
function storedPart(inst: Inst): Inst {
  const bits = inst.size * 8;
  let value = inst.args[1]!;
  for (;;) {
    const [from, mask] = value.args;
    const drops =
      (value.op === 'sext' && value.bits >= bits) ||
      ((value.op === 'zext' || value.op === 'trunc') && bits <= 32) ||
      (value.op === 'and' &&
        mask?.op === 'const' &&
        BigInt.asUintN(bits, mask.imm) === (1n << BigInt(bits)) - 1n);
    if (!drops || !from || bits === 64) return value;
    value = from;
  }
}

/** A call through a pointer whose value is known is a call of a helper or a function. */
function resolveCall(inst: Inst): void {
  const pointer = inst.args[0];
  if (inst.callee?.kind !== 'pointer' || !pointer) return;
  if (pointer.op === 'const' && inst.callee.callx) return;
  if (pointer.op === 'const') inst.callee = { kind: 'helper', id: Number(pointer.imm) };
  else if (pointer.op === 'addr' && pointer.symbol && pointer.symbol.kind !== 'data' && pointer.off === 0)
    inst.callee = { kind: 'symbol', symbol: pointer.symbol };
  else return;
  inst.args = inst.args.slice(1);
}

/** Moves constants, and a CO-RE offset that stands alone, from the address into the access. */
function foldOffset(inst: Inst): void {
  const address = inst.args[0]!;
  if (inst.relo || address.op !== 'add') return;
  const [base, step] = address.args as [Inst, Inst];
  if (step.op === 'const') {
    const off = inst.off + Number(step.imm);
    if (Math.abs(off) > S16_MAX) return;
    inst.off = off;
    inst.args[0] = base;
    foldOffset(inst);
  } else if (step.op === 'relo' && inst.off === 0 && inst.op !== 'atomic' && step.imm <= BigInt(S16_MAX)) {
    inst.relo = step.relo;
    inst.off = Number(step.imm);
    inst.args[0] = base;
  }
}

/** @returns whether anything changed */
export function simplifyAll(fn: IrFunction): boolean {
  let any = false;
  for (let round = 0; round < 16; round++) {
    const replaced = new Map<Inst, Inst>();
    for (const block of fn.blocks) {
      for (const inst of block.insts) {
        for (let i = 0; i < inst.args.length; i++) {
          const to = replaced.get(inst.args[i]!);
          if (to) inst.args[i] = to;
        }
        const value = simplify(fn, inst);
        if (value && value !== inst) replaced.set(inst, value);
      }
      const { term } = block;
      if (term.kind === 'branch') {
        const better = simplifyCompare(fn, {
          cond: term.cond,
          a: replaced.get(term.a) ?? term.a,
          b: replaced.get(term.b) ?? term.b,
        });
        term.cond = better.cond;
        term.a = better.a;
        term.b = better.b;
      }
    }
    if (replaced.size === 0) break;
    any = true;
    replaceValues(fn, replaced);
    for (const block of fn.blocks) block.insts = block.insts.filter((inst) => !replaced.has(inst));
  }
  return any;
}
