/**
 * BPF instructions as the kernel prints them in verifier logs.
 *
 * Source: kernel/bpf/disasm.c, print_bpf_insn; the forms are listed in tables by operation.
 */
import type { Insn } from './insn.ts';
import { imm64 } from './insn.ts';
import { helperName } from './helper_id.ts';
import {
  BPF_ADD,
  BPF_ALU,
  BPF_ALU64,
  BPF_AND,
  BPF_ARSH,
  BPF_ATOMIC,
  BPF_B,
  BPF_CALL,
  BPF_CLASS,
  BPF_CMPXCHG,
  BPF_DIV,
  BPF_DW,
  BPF_END,
  BPF_EXIT,
  BPF_FETCH,
  BPF_H,
  BPF_JA,
  BPF_JCOND,
  BPF_JEQ,
  BPF_JGE,
  BPF_JGT,
  BPF_JLE,
  BPF_JLT,
  BPF_JMP,
  BPF_JMP32,
  BPF_JNE,
  BPF_JSET,
  BPF_JSGE,
  BPF_JSGT,
  BPF_JSLE,
  BPF_JSLT,
  BPF_LD,
  BPF_LDX,
  BPF_LOAD_ACQ,
  BPF_LSH,
  BPF_MEM,
  BPF_MEMSX,
  BPF_MOD,
  BPF_MODE,
  BPF_MOV,
  BPF_MUL,
  BPF_NEG,
  BPF_OP,
  BPF_OR,
  BPF_PSEUDO_CALL,
  BPF_PSEUDO_KFUNC_CALL,
  BPF_RSH,
  BPF_SIZE,
  BPF_SRC,
  BPF_ST,
  BPF_STORE_REL,
  BPF_STX,
  BPF_SUB,
  BPF_TO_BE,
  BPF_W,
  BPF_X,
  BPF_XCHG,
  BPF_XOR,
  LD_IMM64,
} from './opcode.ts';

/** What the text of some instructions needs from outside. */
export interface DisasmContext {
  /** The second half of a ld_imm64. */
  readonly next?: Insn | undefined;
  /** Name of the kernel function a kfunc call names; undefined prints 'kernel-function'. */
  readonly kfuncName?: (insn: Insn) => string | undefined;
  /** The value to print for a ld_imm64 that names a map; by default the encoded immediate. */
  readonly imm?: (insn: Insn) => bigint | undefined;
}

const ALU_OP: ReadonlyMap<number, string> = new Map([
  [BPF_ADD, '+='],
  [BPF_SUB, '-='],
  [BPF_MUL, '*='],
  [BPF_DIV, '/='],
  [BPF_OR, '|='],
  [BPF_AND, '&='],
  [BPF_LSH, '<<='],
  [BPF_RSH, '>>='],
  [BPF_NEG, 'neg'],
  [BPF_MOD, '%='],
  [BPF_XOR, '^='],
  [BPF_MOV, '='],
  [BPF_ARSH, 's>>='],
]);

const SIGNED_ALU_OP: ReadonlyMap<number, string> = new Map([
  [BPF_DIV, 's/='],
  [BPF_MOD, 's%='],
]);

const JMP_OP: ReadonlyMap<number, string> = new Map([
  [BPF_JEQ, '=='],
  [BPF_JGT, '>'],
  [BPF_JGE, '>='],
  [BPF_JSET, '&'],
  [BPF_JNE, '!='],
  [BPF_JSGT, 's>'],
  [BPF_JSGE, 's>='],
  [BPF_JLT, '<'],
  [BPF_JLE, '<='],
  [BPF_JSLT, 's<'],
  [BPF_JSLE, 's<='],
]);

const SIZE_NAME: ReadonlyMap<number, string> = new Map([
  [BPF_W, 'u32'],
  [BPF_H, 'u16'],
  [BPF_B, 'u8'],
  [BPF_DW, 'u64'],
]);
const SIGNED_SIZE_NAME: ReadonlyMap<number, string> = new Map([
  [BPF_W, 's32'],
  [BPF_H, 's16'],
  [BPF_B, 's8'],
]);

/** The name the kernel's messages use for an ALU operation: '+=', 's>>=' and so on. */
export const aluOpName = (code: number): string => ALU_OP.get(BPF_OP(code)) ?? '';

const signed = (n: number): string => (n < 0 ? String(n) : `+${n}`);
const sizeName = (code: number): string => SIZE_NAME.get(BPF_SIZE(code)) ?? 'u64';
const bad = (insn: Insn): string => `BUG_${insn.code.toString(16).padStart(2, '0')}`;

function alu(insn: Insn): string {
  const { code, dst, src, off, imm } = insn;
  const wide = BPF_CLASS(code) === BPF_ALU64;
  const r = wide ? 'r' : 'w';
  const op = BPF_OP(code);
  if (op === BPF_END) {
    if (wide) return `r${dst} = bswap${imm} r${dst}`;
    return `r${dst} = ${BPF_SRC(code) === BPF_TO_BE ? 'be' : 'le'}${imm} r${dst}`;
  }
  if (op === BPF_NEG) return `${r}${dst} = -${r}${dst}`;
  const name = (off === 1 ? SIGNED_ALU_OP.get(op) : undefined) ?? ALU_OP.get(op);
  if (name === undefined) return bad(insn);
  if (BPF_SRC(code) !== BPF_X) return `${r}${dst} ${name} ${imm}`;
  if (op === BPF_MOV && wide && off === 1)
    return `r${dst} = addr_space_cast(r${src}, ${imm >>> 16}, ${imm & 0xffff})`;
  if (op === BPF_MOV && off !== 0) return `${r}${dst} = (s${off})${r}${src}`;
  return `${r}${dst} ${name} ${r}${src}`;
}

function atomic(insn: Insn): string {
  const { code, dst, src, off, imm } = insn;
  const place = `(${sizeName(code)} *)(r${dst} ${signed(off)})`;
  const name = BPF_SIZE(code) === BPF_DW ? 'atomic64' : 'atomic';
  const plain = ALU_OP.get(imm);
  if ([BPF_ADD, BPF_AND, BPF_OR, BPF_XOR].includes(imm)) return `lock *${place} ${plain} r${src}`;
  const fetched = imm & ~BPF_FETCH;
  const word = new Map([
    [BPF_ADD, 'add'],
    [BPF_AND, 'and'],
    [BPF_OR, 'or'],
    [BPF_XOR, 'xor'],
  ]).get(fetched);
  if ((imm & BPF_FETCH) !== 0 && word !== undefined)
    return `r${src} = ${name}_fetch_${word}(${place}, r${src})`;
  if (imm === BPF_CMPXCHG) return `r0 = ${name}_cmpxchg(${place}, r0, r${src})`;
  if (imm === BPF_XCHG) return `r${src} = ${name}_xchg(${place}, r${src})`;
  if (imm === BPF_LOAD_ACQ) return `r${dst} = load_acquire((${sizeName(code)} *)(r${src} ${signed(off)}))`;
  if (imm === BPF_STORE_REL) return `store_release(${place}, r${src})`;
  return bad(insn);
}

function jump(insn: Insn, context: DisasmContext): string {
  const { code, dst, src, off, imm } = insn;
  const op = BPF_OP(code);
  const wide = BPF_CLASS(code) === BPF_JMP;
  if (op === BPF_CALL) {
    if (src === BPF_PSEUDO_CALL) return `call pc${signed(imm)}`;
    if (src === BPF_PSEUDO_KFUNC_CALL) return `call ${context.kfuncName?.(insn) ?? 'kernel-function'}#${imm}`;
    return `call ${helperName(imm)}#${imm}`;
  }
  if (op === BPF_JA) {
    if (BPF_SRC(code) === BPF_X) return `gotox r${dst}`;
    return wide ? `goto pc${signed(off)}` : `gotol pc${signed(imm)}`;
  }
  if (op === BPF_JCOND && wide) return `may_goto pc${signed(off)}`;
  if (op === BPF_EXIT && wide) return 'exit';
  const name = JMP_OP.get(op);
  if (name === undefined) return bad(insn);
  const r = wide ? 'r' : 'w';
  const right = BPF_SRC(code) === BPF_X ? `${r}${src}` : `0x${(imm >>> 0).toString(16)}`;
  return `if ${r}${dst} ${name} ${right} goto pc${signed(off)}`;
}

/**
 * The instruction as text, without index, opcode or newline: `r1 = *(u64 *)(r1 +8)`.
 *
 * @kernel print_bpf_insn, kernel/bpf/disasm.c
 * @fidelity full: disasm.test.ts
 */
export function disasmInsn(insn: Insn, context: DisasmContext = {}): string {
  const { code, dst, src, off, imm } = insn;
  const mode = BPF_MODE(code);
  switch (BPF_CLASS(code)) {
    case BPF_ALU:
    case BPF_ALU64:
      return alu(insn);
    case BPF_JMP:
    case BPF_JMP32:
      return jump(insn, context);
    case BPF_LDX:
      if (mode === BPF_MEM) return `r${dst} = *(${sizeName(code)} *)(r${src} ${signed(off)})`;
      if (mode === BPF_MEMSX)
        return `r${dst} = *(${SIGNED_SIZE_NAME.get(BPF_SIZE(code)) ?? 's64'} *)(r${src} ${signed(off)})`;
      return bad(insn);
    case BPF_STX:
      if (mode === BPF_ATOMIC) return atomic(insn);
      return mode === BPF_MEM ? `*(${sizeName(code)} *)(r${dst} ${signed(off)}) = r${src}` : bad(insn);
    case BPF_ST:
      return mode === BPF_MEM ? `*(${sizeName(code)} *)(r${dst} ${signed(off)}) = ${imm}` : bad(insn);
    case BPF_LD: {
      if (code === LD_IMM64) {
        const value = context.imm?.(insn) ?? (context.next ? imm64(insn, context.next) : BigInt(imm >>> 0));
        return `r${dst} = 0x${value.toString(16)}`;
      }
      const packet = `*(${sizeName(code)} *)skb`;
      if (mode === 0x20) return `r0 = ${packet}[${imm}]`;
      return mode === 0x40 ? `r0 = ${packet}[r${src} + ${imm}]` : bad(insn);
    }
    default:
      return bad(insn);
  }
}

/** `(79) r1 = *(u64 *)(r1 +8)`: with the opcode, as every line of a log has it. */
export const disasmWithOpcode = (insn: Insn, context: DisasmContext = {}): string =>
  `(${insn.code.toString(16).padStart(2, '0')}) ${disasmInsn(insn, context)}`;
