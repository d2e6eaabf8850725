/** Soundness: whatever concrete values do, the tracked number and the ranges still contain the result. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  BPF_ADD,
  BPF_AND,
  BPF_ARSH,
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
  BPF_LSH,
  BPF_MUL,
  BPF_OR,
  BPF_RSH,
  BPF_SUB,
  BPF_XOR,
} from '../abi/opcode.ts';
import { syncBounds } from './agree.ts';
import { coerceToSize, coerceToSizeSigned } from './bounds.ts';
import { branchTaken, refineBranches } from './branch.ts';
import { RegState } from './reg.ts';
import { scalarAlu } from './scalar_alu.ts';
import { tnumIn, tnumConst, tnumRange } from './tnum.ts';

const u64 = (x: bigint): bigint => BigInt.asUintN(64, x);
const s64 = (x: bigint): bigint => BigInt.asIntN(64, x);
const u32 = (x: bigint): bigint => BigInt.asUintN(32, x);
const s32 = (x: bigint): bigint => BigInt.asIntN(32, x);

/** Does the register's knowledge allow this value? */
const allows = (reg: RegState, x: bigint): boolean =>
  tnumIn(reg.var, tnumConst(x)) &&
  u64(x) >= reg.umin &&
  u64(x) <= reg.umax &&
  s64(x) >= reg.smin &&
  s64(x) <= reg.smax &&
  Number(u32(x)) >= reg.u32min &&
  Number(u32(x)) <= reg.u32max &&
  Number(s32(x)) >= reg.s32min &&
  Number(s32(x)) <= reg.s32max;

const word = fc.oneof(
  fc.bigInt({ min: 0n, max: 0xffff_ffff_ffff_ffffn }),
  fc.bigInt({ min: 0n, max: 300n }),
  fc.bigInt({ min: -300n, max: -1n }).map(u64),
  fc.constantFrom(0x7fff_ffffn, 0x8000_0000n, 0xffff_ffffn, 0x1_0000_0000n, 1n << 63n, (1n << 63n) - 1n),
);

/** A register of which something is known, and a value it may have. */
const known = fc
  .record({ value: word, slack: word, mask: word, signed: fc.boolean() })
  .map(({ value, slack, mask, signed }) => {
    const reg = new RegState();
    reg.setUnknown();
    reg.var = { v: value & ~mask & 0xffff_ffff_ffff_ffffn, m: mask };
    if (signed) {
      reg.smin = s64(value) - (slack >> 1n) < -(1n << 63n) ? -(1n << 63n) : s64(value) - (slack >> 1n);
      reg.smax = s64(value) + (slack >> 2n) >= 1n << 63n ? (1n << 63n) - 1n : s64(value) + (slack >> 2n);
    } else {
      reg.umin = value > slack ? value - slack : 0n;
      reg.umax = u64(value + slack) === value + slack ? value + slack : 0xffff_ffff_ffff_ffffn;
    }
    syncBounds(reg);
    return { reg, value };
  });

type Alu = readonly [name: string, op: number, run: (a: bigint, b: bigint, bits: bigint) => bigint];
const ALU: readonly Alu[] = [
  ['+', BPF_ADD, (a, b) => a + b],
  ['-', BPF_SUB, (a, b) => a - b],
  ['*', BPF_MUL, (a, b) => a * b],
  ['&', BPF_AND, (a, b) => a & b],
  ['|', BPF_OR, (a, b) => a | b],
  ['^', BPF_XOR, (a, b) => a ^ b],
  ['<<', BPF_LSH, (a, b, bits) => a << (b & (bits - 1n))],
  ['>>', BPF_RSH, (a, b, bits) => BigInt.asUintN(Number(bits), a) >> (b & (bits - 1n))],
  ['s>>', BPF_ARSH, (a, b, bits) => BigInt.asIntN(Number(bits), a) >> (b & (bits - 1n))],
];

test.for(ALU)('r1 %s= r2 stays within what is tracked', ([, op, run]) => {
  fc.assert(
    fc.property(known, known, fc.boolean(), (a, b, is32) => {
      const dst = a.reg.clone();
      scalarAlu(dst, b.reg, op, is32);
      const full = run(is32 ? u32(a.value) : a.value, is32 ? u32(b.value) : b.value, is32 ? 32n : 64n);
      expect(allows(dst, is32 ? u32(full) : u64(full))).toBe(true);
    }),
    { seed: 6, numRuns: 3000 },
  );
});

test.for(ALU.slice(6))('r1 %s= constant stays within what is tracked', ([, op, run]) => {
  fc.assert(
    fc.property(known, fc.integer({ min: 0, max: 31 }), fc.boolean(), (a, by, is32) => {
      const dst = a.reg.clone();
      const amount = new RegState();
      amount.setConst(BigInt(by));
      scalarAlu(dst, amount, op, is32);
      const full = run(is32 ? u32(a.value) : a.value, BigInt(by), is32 ? 32n : 64n);
      expect(allows(dst, is32 ? u32(full) : u64(full))).toBe(true);
    }),
    { seed: 7, numRuns: 3000 },
  );
});

type Jump = readonly [
  name: string,
  op: number,
  run: (a: bigint, b: bigint, signed: (x: bigint) => bigint) => boolean,
];
const JUMPS: readonly Jump[] = [
  ['==', BPF_JEQ, (a, b) => a === b],
  ['!=', BPF_JNE, (a, b) => a !== b],
  ['&', BPF_JSET, (a, b) => (a & b) !== 0n],
  ['>', BPF_JGT, (a, b) => a > b],
  ['>=', BPF_JGE, (a, b) => a >= b],
  ['<', BPF_JLT, (a, b) => a < b],
  ['<=', BPF_JLE, (a, b) => a <= b],
  ['s>', BPF_JSGT, (a, b, s) => s(a) > s(b)],
  ['s>=', BPF_JSGE, (a, b, s) => s(a) >= s(b)],
  ['s<', BPF_JSLT, (a, b, s) => s(a) < s(b)],
  ['s<=', BPF_JSLE, (a, b, s) => s(a) <= s(b)],
];

test.for(JUMPS)('if r1 %s r2: the outcome and what it teaches hold for the real values', ([, op, run]) => {
  fc.assert(
    fc.property(known, known, fc.boolean(), (a, b, is32) => {
      const narrow = is32 ? u32 : u64;
      const outcome = run(narrow(a.value), narrow(b.value), is32 ? s32 : s64);
      const predicted = branchTaken(a.reg, b.reg, op, is32);
      expect(predicted ?? outcome).toBe(outcome);
      if (predicted !== null) return;
      const taken = [a.reg.clone(), b.reg.clone()] as const;
      const fall = [a.reg.clone(), b.reg.clone()] as const;
      refineBranches(taken, fall, op, is32);
      const [x, y] = outcome ? taken : fall;
      expect([allows(x, a.value), allows(y, b.value)]).toEqual([true, true]);
    }),
    { seed: 8, numRuns: 3000 },
  );
});

test('loads that keep one, two or four bytes contain what was loaded', () => {
  fc.assert(
    fc.property(known, fc.constantFrom(1, 2, 4), fc.boolean(), (a, size, signed) => {
      const reg = a.reg.clone();
      (signed ? coerceToSizeSigned : coerceToSize)(reg, size);
      const loaded = signed ? u64(BigInt.asIntN(size * 8, a.value)) : BigInt.asUintN(size * 8, a.value);
      expect(allows(reg, loaded)).toBe(true);
    }),
    { seed: 9, numRuns: 3000 },
  );
});

test('a range is known in the leading bits that its ends share', () => {
  expect(tnumRange(0x10n, 0x17n)).toEqual({ v: 0x10n, m: 0x7n });
  expect(tnumRange(5n, 5n)).toEqual({ v: 5n, m: 0n });
  expect(tnumRange(0n, 0xffff_ffff_ffff_ffffn)).toEqual({ v: 0n, m: 0xffff_ffff_ffff_ffffn });
});
