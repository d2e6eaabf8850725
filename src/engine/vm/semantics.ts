/**
 * What every BPF instruction means, once.
 *
 * `describe` turns an instruction into an operation: what is done, how wide, with which operands. It is a
 * table by opcode, refined where `off`, `imm` or `src` pick a variant. The meaning of arithmetic and
 * comparison follows as pure functions over unsigned integers. Engines are built from both; the pure
 * functions are also the oracle that engines are tested against.
 *
 * Source: Documentation/bpf/standardization/instruction-set.rst; ___bpf_prog_run, kernel/bpf/core.c.
 */
import type { Insn } from '../abi/insn.ts';
import * as op from '../abi/opcode.ts';

export type Width = 32 | 64;
/** The second operand: the immediate, sign-extended to the width, or register src. */
export type Source = 'imm' | 'reg';
export type Size = 1 | 2 | 4 | 8;

export type AluOp =
  | 'mov'
  | 'add'
  | 'sub'
  | 'mul'
  | 'div'
  | 'sdiv'
  | 'mod'
  | 'smod'
  | 'or'
  | 'and'
  | 'xor'
  | 'lsh'
  | 'rsh'
  | 'arsh';
export type Condition = 'eq' | 'ne' | 'gt' | 'ge' | 'lt' | 'le' | 'sgt' | 'sge' | 'slt' | 'sle' | 'set';
export type AtomicOp = 'add' | 'or' | 'and' | 'xor' | 'xchg' | 'cmpxchg';

export type Operation =
  | { readonly kind: 'alu'; readonly op: AluOp; readonly width: Width; readonly source: Source }
  | { readonly kind: 'neg'; readonly width: Width }
  /** dst = sign-extended low `from` bits of src, then cut to `width`. */
  | { readonly kind: 'movsx'; readonly width: Width; readonly from: 8 | 16 | 32 }
  /** Low `bits` of dst, bytes reversed if `swap`; the rest is cleared. */
  | { readonly kind: 'end'; readonly swap: boolean; readonly bits: 16 | 32 | 64 }
  | { readonly kind: 'jump'; readonly when: Condition; readonly width: Width; readonly source: Source }
  /** `far`: the distance is in imm, not in off. */
  | { readonly kind: 'goto'; readonly far: boolean }
  | { readonly kind: 'may_goto' }
  | { readonly kind: 'call'; readonly target: 'helper' | 'subprog' | 'kfunc' }
  /** Through the address in dst: profiles `user` and `kernel` of the compiler, never a BPF program. */
  | { readonly kind: 'callx' }
  | { readonly kind: 'exit' }
  | { readonly kind: 'load'; readonly size: Size; readonly signed: boolean }
  | { readonly kind: 'store'; readonly size: Size; readonly source: Source }
  | { readonly kind: 'atomic'; readonly op: AtomicOp; readonly size: 4 | 8; readonly fetch: boolean }
  | { readonly kind: 'load_acquire' | 'store_release'; readonly size: Size }
  | { readonly kind: 'ld_imm64' };

type Variant = (insn: Insn) => Operation | null;
const always =
  (operation: Operation): Variant =>
  () =>
    operation;

const ALU_OPS: readonly (readonly [code: number, plain: AluOp, signed?: AluOp])[] = [
  [op.BPF_ADD, 'add'],
  [op.BPF_SUB, 'sub'],
  [op.BPF_MUL, 'mul'],
  [op.BPF_DIV, 'div', 'sdiv'],
  [op.BPF_OR, 'or'],
  [op.BPF_AND, 'and'],
  [op.BPF_LSH, 'lsh'],
  [op.BPF_RSH, 'rsh'],
  [op.BPF_MOD, 'mod', 'smod'],
  [op.BPF_XOR, 'xor'],
  [op.BPF_ARSH, 'arsh'],
];
const CONDITIONS: readonly (readonly [number, Condition])[] = [
  [op.BPF_JEQ, 'eq'],
  [op.BPF_JGT, 'gt'],
  [op.BPF_JGE, 'ge'],
  [op.BPF_JSET, 'set'],
  [op.BPF_JNE, 'ne'],
  [op.BPF_JSGT, 'sgt'],
  [op.BPF_JSGE, 'sge'],
  [op.BPF_JLT, 'lt'],
  [op.BPF_JLE, 'le'],
  [op.BPF_JSLT, 'slt'],
  [op.BPF_JSLE, 'sle'],
];
const ATOMICS: Readonly<Record<number, { readonly op: AtomicOp; readonly fetch: boolean }>> = {
  [op.BPF_ADD]: { op: 'add', fetch: false },
  [op.BPF_OR]: { op: 'or', fetch: false },
  [op.BPF_AND]: { op: 'and', fetch: false },
  [op.BPF_XOR]: { op: 'xor', fetch: false },
  [op.BPF_ADD | op.BPF_FETCH]: { op: 'add', fetch: true },
  [op.BPF_OR | op.BPF_FETCH]: { op: 'or', fetch: true },
  [op.BPF_AND | op.BPF_FETCH]: { op: 'and', fetch: true },
  [op.BPF_XOR | op.BPF_FETCH]: { op: 'xor', fetch: true },
  [op.BPF_XCHG]: { op: 'xchg', fetch: true },
  [op.BPF_CMPXCHG]: { op: 'cmpxchg', fetch: true },
};

const SIZES = [op.BPF_B, op.BPF_H, op.BPF_W, op.BPF_DW] as const;
const WIDTHS = [
  [op.BPF_ALU, op.BPF_JMP32, 32],
  [op.BPF_ALU64, op.BPF_JMP, 64],
] as const;
const SOURCES = [
  [op.BPF_K, 'imm'],
  [op.BPF_X, 'reg'],
] as const;

function mov(width: Width, source: Source): Variant {
  const plain: Operation = { kind: 'alu', op: 'mov', width, source };
  return ({ off }) => {
    if (off === 0) return plain;
    if (source === 'imm' || (off !== 8 && off !== 16 && !(off === 32 && width === 64))) return null;
    return { kind: 'movsx', width, from: off };
  };
}

const swap =
  (reverse: boolean): Variant =>
  ({ imm }) =>
    imm === 16 || imm === 32 || imm === 64 ? { kind: 'end', swap: reverse, bits: imm } : null;

function atomic(size: Size): Variant {
  return ({ imm }) => {
    if (imm === op.BPF_LOAD_ACQ) return { kind: 'load_acquire', size };
    if (imm === op.BPF_STORE_REL) return { kind: 'store_release', size };
    const found = ATOMICS[imm];
    return found && (size === 4 || size === 8) ? { kind: 'atomic', size, ...found } : null;
  };
}

const CALL_TARGETS = ['helper', 'subprog', 'kfunc'] as const;

function buildTable(): readonly (Variant | undefined)[] {
  const table = Array.from<Variant | undefined>({ length: 256 });
  for (const [alu, jmp, width] of WIDTHS)
    for (const [bit, source] of SOURCES) {
      for (const [code, plain, signed] of ALU_OPS) {
        const unsignedOp: Operation = { kind: 'alu', op: plain, width, source };
        const signedOp: Operation | null = signed ? { kind: 'alu', op: signed, width, source } : null;
        table[alu | code | bit] = ({ off }) => (off === 0 ? unsignedOp : off === 1 ? signedOp : null);
      }
      table[alu | op.BPF_MOV | bit] = mov(width, source);
      for (const [code, when] of CONDITIONS)
        table[jmp | code | bit] = always({ kind: 'jump', when, width, source });
    }
  for (const [alu, , width] of WIDTHS) table[alu | op.BPF_NEG] = always({ kind: 'neg', width });
  table[op.BPF_ALU | op.BPF_END | op.BPF_TO_LE] = swap(false);
  table[op.BPF_ALU | op.BPF_END | op.BPF_TO_BE] = swap(true);
  table[op.BPF_ALU64 | op.BPF_END] = swap(true);
  table[op.BPF_JMP | op.BPF_JA] = always({ kind: 'goto', far: false });
  table[op.BPF_JMP32 | op.BPF_JA] = always({ kind: 'goto', far: true });
  table[op.BPF_JMP | op.BPF_JCOND] = always({ kind: 'may_goto' });
  table[op.BPF_JMP | op.BPF_EXIT] = always({ kind: 'exit' });
  table[op.BPF_JMP | op.BPF_CALL] = ({ src }) => {
    const target = CALL_TARGETS[src];
    return target ? { kind: 'call', target } : null;
  };
  table[op.BPF_JMP | op.BPF_CALL | op.BPF_X] = always({ kind: 'callx' });
  for (const bits of SIZES) {
    const size = op.sizeBytes(bits);
    table[op.BPF_LDX | op.BPF_MEM | bits] = always({ kind: 'load', size, signed: false });
    if (size < 8) table[op.BPF_LDX | op.BPF_MEMSX | bits] = always({ kind: 'load', size, signed: true });
    table[op.BPF_ST | op.BPF_MEM | bits] = always({ kind: 'store', size, source: 'imm' });
    table[op.BPF_STX | op.BPF_MEM | bits] = always({ kind: 'store', size, source: 'reg' });
    table[op.BPF_STX | op.BPF_ATOMIC | bits] = atomic(size);
  }
  table[op.LD_IMM64] = always({ kind: 'ld_imm64' });
  return table;
}
const TABLE = buildTable();

/** What an instruction does, or null when it is none that can be executed. */
export const describe = (insn: Insn): Operation | null => TABLE[insn.code]?.(insn) ?? null;

// -- meaning ---------------------------------------------------------------------------------------------

const cut = (width: Width, x: bigint): bigint => BigInt.asUintN(width, x);
const signed = (width: Width, x: bigint): bigint => BigInt.asIntN(width, x);
const shift = (width: Width, amount: bigint): bigint => amount & BigInt(width - 1);

type Arithmetic = (a: bigint, b: bigint, width: Width) => bigint;
/** Operands are unsigned and already cut to the width; so is the result once cut by `alu`. */
const ARITHMETIC: Readonly<Record<AluOp, Arithmetic>> = {
  mov: (_, b) => b,
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => (b === 0n ? 0n : a / b),
  sdiv: (a, b, w) => (b === 0n ? 0n : signed(w, a) / signed(w, b)),
  mod: (a, b) => (b === 0n ? a : a % b),
  smod: (a, b, w) => (b === 0n ? a : signed(w, a) % signed(w, b)),
  or: (a, b) => a | b,
  and: (a, b) => a & b,
  xor: (a, b) => a ^ b,
  lsh: (a, b, w) => a << shift(w, b),
  rsh: (a, b, w) => a >> shift(w, b),
  arsh: (a, b, w) => signed(w, a) >> shift(w, b),
};

/** `a op b` on the low `width` bits, zero-extended to 64. */
export const alu = (name: AluOp, width: Width, a: bigint, b: bigint): bigint =>
  cut(width, ARITHMETIC[name](cut(width, a), cut(width, b), width));

const COMPARE: Readonly<Record<Condition, Arithmetic>> = {
  eq: (a, b) => BigInt(a === b),
  ne: (a, b) => BigInt(a !== b),
  gt: (a, b) => BigInt(a > b),
  ge: (a, b) => BigInt(a >= b),
  lt: (a, b) => BigInt(a < b),
  le: (a, b) => BigInt(a <= b),
  sgt: (a, b, w) => BigInt(signed(w, a) > signed(w, b)),
  sge: (a, b, w) => BigInt(signed(w, a) >= signed(w, b)),
  slt: (a, b, w) => BigInt(signed(w, a) < signed(w, b)),
  sle: (a, b, w) => BigInt(signed(w, a) <= signed(w, b)),
  set: (a, b) => BigInt((a & b) !== 0n),
};

/** True when a jump with this condition is taken. */
export const compare = (when: Condition, width: Width, a: bigint, b: bigint): boolean =>
  COMPARE[when](cut(width, a), cut(width, b), width) !== 0n;

/** Reverses the low `bits` of x bytewise and clears the rest. */
export function byteSwap(x: bigint, bits: 16 | 32 | 64): bigint {
  let out = 0n;
  for (let i = 0; i < bits; i += 8) out = (out << 8n) | ((x >> BigInt(i)) & 0xffn);
  return out;
}

/** What an atomic operation leaves in memory; `r0` matters to cmpxchg only. */
export function atomicResult(name: AtomicOp, size: 4 | 8, old: bigint, operand: bigint, r0: bigint): bigint {
  const width = size === 4 ? 32 : 64;
  if (name === 'xchg') return cut(width, operand);
  if (name === 'cmpxchg') return cut(width, r0) === old ? cut(width, operand) : old;
  return alu(name, width, old, operand);
}
