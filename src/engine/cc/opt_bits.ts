/**
 * Which bits of a value may be set, and what that makes of masks and shifts: bit-fields that were put together
 * by shifting, masking and or-ing come apart again when they are read.
 */
import type { Inst, IrFunction } from './ir.ts';

const MOST_DEPTH = 8;
export const ones = (bits: number): bigint => (1n << BigInt(bits)) - 1n;
export const shiftOf = (inst: Inst): bigint | null => {
  const by = inst.args[1];
  return by?.op === 'const' && by.imm >= 0n && by.imm < BigInt(inst.width) ? by.imm : null;
};

/** Bits of a value that may be 1. */
export function possibleBits(inst: Inst, depth = 0): bigint {
  const all = ones(inst.width);
  if (depth > MOST_DEPTH) return all;
  const arg = (i: number): bigint => possibleBits(inst.args[i]!, depth + 1);
  switch (inst.op) {
    case 'const':
      return BigInt.asUintN(inst.width, inst.imm);
    case 'cmp':
      return 1n;
    case 'load':
      return inst.size >= 8 ? all : ones(inst.size * 8);
    case 'zext':
      return arg(0) & ones(32);
    case 'trunc':
      return arg(0) & ones(32);
    case 'and':
      return arg(0) & arg(1);
    case 'or':
    case 'xor':
      return arg(0) | arg(1);
    case 'shl': {
      const by = shiftOf(inst);
      return by === null ? all : (arg(0) << by) & all;
    }
    case 'lshr': {
      const by = shiftOf(inst);
      return by === null ? all : arg(0) >> by;
    }
    default:
      return all;
  }
}

/** A value that has the same bits within `mask`, as simple as it is found. */
function within(inst: Inst, mask: bigint, depth = 0): Inst {
  if (depth > MOST_DEPTH || (inst.op !== 'or' && inst.op !== 'xor' && inst.op !== 'and')) return inst;
  const [a, b] = inst.args as [Inst, Inst];
  if (inst.op === 'and') {
    if (b.op === 'const' && (BigInt.asUintN(inst.width, b.imm) & mask) === mask)
      return within(a, mask, depth + 1);
    return inst;
  }
  if ((possibleBits(a) & mask) === 0n) return within(b, mask, depth + 1);
  if ((possibleBits(b) & mask) === 0n) return within(a, mask, depth + 1);
  return inst;
}

/** `x & c`: x when it has no other bits; else without what the mask drops. @returns what it equals, or null */
export function simplifyMask(fn: IrFunction, inst: Inst): Inst | null {
  const [a, b] = inst.args as [Inst, Inst];
  const mask = BigInt.asUintN(inst.width, b.imm);
  const possible = possibleBits(a);
  if ((possible & ~mask) === 0n) return a;
  if ((possible & mask) === 0n) return fn.const(inst.width, 0n);
  inst.args = [within(a, mask), b];
  return null;
}

/** What `(x << a) >> b` reads, when that is less than all of x: a value and where in it the bits begin. */
function extracted(inst: Inst): { from: Inst; up: bigint } | null {
  const left = inst.args[0]!;
  const right = shiftOf(inst);
  const by = left.op === 'shl' ? shiftOf(left) : null;
  if (right === null || by === null || right < by) return null;
  const bits = ones(inst.width - Number(right));
  let at = right - by;
  let from = within(left.args[0]!, bits << at);
  for (let shift = shiftIn(from); shift !== null && shift <= at; shift = shiftIn(from)) {
    at -= shift;
    from = within(from.args[0]!, bits << at);
  }
  return from === left.args[0] ? null : { from, up: right - at };
}
const shiftIn = (inst: Inst): bigint | null => (inst.op === 'shl' ? shiftOf(inst) : null);

/** Reads of bit-fields go past what else was or-ed into the same word. */
export function simplifyExtracts(fn: IrFunction): void {
  for (const block of fn.blocks)
    block.insts = block.insts.flatMap((inst) => {
      const found = inst.op === 'lshr' || inst.op === 'ashr' ? extracted(inst) : null;
      if (!found) return [inst];
      const { from, up } = found;
      const right = inst.args[1]!;
      if (up === 0n) {
        inst.args = [from, right];
        return [inst];
      }
      const shifted = fn.make('shl', inst.width, [from, fn.const(inst.width, up)]);
      Object.assign(shifted, { block, loc: inst.loc });
      inst.args = [shifted, right];
      return [shifted, inst];
    });
}
