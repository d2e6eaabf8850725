/**
 * Arithmetic and comparison on 32-bit words and on 64-bit values held as two words.
 *
 * The fast form of what semantics.ts defines with bigints, and tested against it. Words are int32.
 */
import { alu } from './semantics.ts';
import type { AluOp, Condition } from './semantics.ts';

type WordOp = (a: number, b: number) => number;
/** Results are taken modulo 2^32 when stored. */
export const ALU32: Readonly<Record<AluOp, WordOp>> = {
  mov: (_, b) => b,
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => Math.imul(a, b),
  div: (a, b) => (b === 0 ? 0 : Math.floor((a >>> 0) / (b >>> 0))),
  sdiv: (a, b) => (b === 0 ? 0 : Math.trunc(a / b)),
  mod: (a, b) => (b === 0 ? a : (a >>> 0) % (b >>> 0)),
  smod: (a, b) => (b === 0 ? a : a % b),
  or: (a, b) => a | b,
  and: (a, b) => a & b,
  xor: (a, b) => a ^ b,
  lsh: (a, b) => a << b,
  rsh: (a, b) => a >>> b,
  arsh: (a, b) => a >> b,
};

/** In place on words[d], words[d + 1], with the operand's low and high word. */
type PairOp = (words: Int32Array, d: number, lo: number, hi: number) => void;

/** The operations that are too rare to be written out: through bigint. */
const slow =
  (name: AluOp): PairOp =>
  (words, d, lo, hi) => {
    const a = (BigInt(words[d + 1] ?? 0) << 32n) | BigInt((words[d] ?? 0) >>> 0);
    const result = alu(name, 64, a, (BigInt(hi) << 32n) | BigInt(lo >>> 0));
    words[d] = Number(result & 0xffff_ffffn);
    words[d + 1] = Number(result >> 32n);
  };

export const ALU64: Readonly<Record<AluOp, PairOp>> = {
  mov: (words, d, lo, hi) => {
    words[d] = lo;
    words[d + 1] = hi;
  },
  add: (words, d, lo, hi) => {
    const sum = ((words[d] ?? 0) >>> 0) + (lo >>> 0);
    words[d] = sum;
    words[d + 1] = (words[d + 1] ?? 0) + hi + (sum > 0xffff_ffff ? 1 : 0);
  },
  sub: (words, d, lo, hi) => {
    const difference = ((words[d] ?? 0) >>> 0) - (lo >>> 0);
    words[d] = difference;
    words[d + 1] = (words[d + 1] ?? 0) - hi - (difference < 0 ? 1 : 0);
  },
  /** Schoolbook on 16-bit halves of the low words; the high words only reach the upper half. */
  mul: (words, d, lo, hi) => {
    const a = words[d] ?? 0;
    const aLow = a & 0xffff;
    const aHigh = a >>> 16;
    const bLow = lo & 0xffff;
    const bHigh = lo >>> 16;
    const low = aLow * bLow;
    const middle = aLow * bHigh + aHigh * bLow + (low >>> 16);
    const upper = aHigh * bHigh + Math.floor(middle / 0x1_0000);
    words[d + 1] = upper + Math.imul(words[d + 1] ?? 0, lo) + Math.imul(a, hi);
    words[d] = ((middle & 0xffff) << 16) | (low & 0xffff);
  },
  div: slow('div'),
  sdiv: slow('sdiv'),
  mod: slow('mod'),
  smod: slow('smod'),
  or: (words, d, lo, hi) => {
    words[d] = (words[d] ?? 0) | lo;
    words[d + 1] = (words[d + 1] ?? 0) | hi;
  },
  and: (words, d, lo, hi) => {
    words[d] = (words[d] ?? 0) & lo;
    words[d + 1] = (words[d + 1] ?? 0) & hi;
  },
  xor: (words, d, lo, hi) => {
    words[d] = (words[d] ?? 0) ^ lo;
    words[d + 1] = (words[d + 1] ?? 0) ^ hi;
  },
  lsh: (words, d, amount) => {
    const n = amount & 63;
    const low = words[d] ?? 0;
    if (n >= 32) {
      words[d + 1] = low << (n - 32);
      words[d] = 0;
    } else if (n > 0) {
      words[d + 1] = ((words[d + 1] ?? 0) << n) | (low >>> (32 - n));
      words[d] = low << n;
    }
  },
  rsh: (words, d, amount) => {
    const n = amount & 63;
    const high = words[d + 1] ?? 0;
    if (n >= 32) {
      words[d] = high >>> (n - 32);
      words[d + 1] = 0;
    } else if (n > 0) {
      words[d] = ((words[d] ?? 0) >>> n) | (high << (32 - n));
      words[d + 1] = high >>> n;
    }
  },
  arsh: (words, d, amount) => {
    const n = amount & 63;
    const high = words[d + 1] ?? 0;
    if (n >= 32) {
      words[d] = high >> (n - 32);
      words[d + 1] = high >> 31;
    } else if (n > 0) {
      words[d] = ((words[d] ?? 0) >>> n) | (high << (32 - n));
      words[d + 1] = high >> n;
    }
  },
};

type WordTest = (a: number, b: number) => boolean;
export const TEST32: Readonly<Record<Condition, WordTest>> = {
  eq: (a, b) => a === b,
  ne: (a, b) => a !== b,
  gt: (a, b) => a >>> 0 > b >>> 0,
  ge: (a, b) => a >>> 0 >= b >>> 0,
  lt: (a, b) => a >>> 0 < b >>> 0,
  le: (a, b) => a >>> 0 <= b >>> 0,
  sgt: (a, b) => a > b,
  sge: (a, b) => a >= b,
  slt: (a, b) => a < b,
  sle: (a, b) => a <= b,
  set: (a, b) => (a & b) !== 0,
};

type PairTest = (aLo: number, aHi: number, bLo: number, bHi: number) => boolean;
const less: PairTest = (aLo, aHi, bLo, bHi) => (aHi === bHi ? aLo >>> 0 < bLo >>> 0 : aHi >>> 0 < bHi >>> 0);
const lessSigned: PairTest = (aLo, aHi, bLo, bHi) => (aHi === bHi ? aLo >>> 0 < bLo >>> 0 : aHi < bHi);
export const TEST64: Readonly<Record<Condition, PairTest>> = {
  eq: (aLo, aHi, bLo, bHi) => aLo === bLo && aHi === bHi,
  ne: (aLo, aHi, bLo, bHi) => aLo !== bLo || aHi !== bHi,
  gt: (aLo, aHi, bLo, bHi) => less(bLo, bHi, aLo, aHi),
  ge: (aLo, aHi, bLo, bHi) => !less(aLo, aHi, bLo, bHi),
  lt: less,
  le: (aLo, aHi, bLo, bHi) => !less(bLo, bHi, aLo, aHi),
  sgt: (aLo, aHi, bLo, bHi) => lessSigned(bLo, bHi, aLo, aHi),
  sge: (aLo, aHi, bLo, bHi) => !lessSigned(aLo, aHi, bLo, bHi),
  slt: lessSigned,
  sle: (aLo, aHi, bLo, bHi) => !lessSigned(bLo, bHi, aLo, aHi),
  set: (aLo, aHi, bLo, bHi) => ((aLo & bLo) | (aHi & bHi)) !== 0,
};
