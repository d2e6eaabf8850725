/**
 * ALU instructions: field checks, moves, pointer arithmetic.
 *
 * Source: check_alu_op, adjust_reg_min_max_vals, adjust_ptr_min_max_vals, kernel/bpf/verifier.c, Linux 6.12.
 */
import { S64_MAX, S64_MIN, U64_MAX } from '../../shared/int64.ts';
import { aluOpName } from '../abi/disasm.ts';
import type { Insn } from '../abi/insn.ts';
import {
  BPF_ADD,
  BPF_ALU64,
  BPF_AND,
  BPF_ARSH,
  BPF_CLASS,
  BPF_DIV,
  BPF_END,
  BPF_LSH,
  BPF_MOD,
  BPF_MOV,
  BPF_NEG,
  BPF_OP,
  BPF_OR,
  BPF_RSH,
  BPF_SRC,
  BPF_SUB,
  BPF_TO_LE,
  BPF_X,
  BPF_XOR,
} from '../abi/opcode.ts';
import { syncBounds } from './agree.ts';
import { coerceSubregSigned, coerceToSizeSigned, zeroExtend32 } from './bounds.ts';
import type { Env } from './env.ts';
import { checkRegArg } from './live.ts';
import { markPrecise } from './precision.ts';
import { ADD_CONST, LIVE_WRITTEN, RegState } from './reg.ts';
import {
  CONST_PTR_TO_DYNPTR,
  CONST_PTR_TO_MAP,
  PTR_TO_ARENA,
  PTR_TO_BTF_ID,
  PTR_TO_BUF,
  PTR_TO_CTX,
  PTR_TO_FUNC,
  PTR_TO_MAP_KEY,
  PTR_TO_MAP_VALUE,
  PTR_TO_MEM,
  PTR_TO_STACK,
  SCALAR_VALUE,
  baseType,
  mayBeNull,
  regTypeName,
} from './reg_type.ts';
import type { RegType } from './reg_type.ts';
import { isExact, scalarAlu } from './scalar_alu.ts';
import { tnumAdd, tnumSub } from './tnum.ts';

/** Pointers may not be moved further than this, in bytes. */
export const BPF_MAX_VAR_OFF = 1 << 29;
const MAX_VAR_OFF = BigInt(BPF_MAX_VAR_OFF);

/** Before a copy: an unknown scalar gets an id, so that both copies learn from checks of one. */
export function assignScalarId(env: Env, reg: RegState): void {
  if (reg.type !== SCALAR_VALUE) return;
  if (reg.id & ADD_CONST) reg.clearScalarId();
  if (reg.id === 0 && !reg.isConst) reg.id = env.newId();
}

function checkSaneOffset(env: Env, reg: RegState, type: RegType): void {
  const value = BigInt.asIntN(64, reg.var.v);
  const name = regTypeName(type);
  if (reg.isConst && (value >= MAX_VAR_OFF || value <= -MAX_VAR_OFF))
    env.reject('EINVAL', `math between ${name} pointer and ${value} is not allowed`);
  if (reg.off >= BPF_MAX_VAR_OFF || reg.off <= -BPF_MAX_VAR_OFF)
    env.reject('EINVAL', `${name} pointer offset ${reg.off} is not allowed`);
  if (reg.smin === S64_MIN)
    env.reject('EINVAL', `math between ${name} pointer and register with unbounded min value is not allowed`);
  if (reg.smin >= MAX_VAR_OFF || reg.smin <= -MAX_VAR_OFF)
    env.reject('EINVAL', `value ${reg.smin} makes ${name} pointer be out of bounds`);
}

const MOVABLE: ReadonlySet<number> = new Set([
  PTR_TO_CTX,
  PTR_TO_MAP_VALUE,
  PTR_TO_MAP_KEY,
  PTR_TO_STACK,
  PTR_TO_BTF_ID,
  PTR_TO_MEM,
  PTR_TO_BUF,
  PTR_TO_FUNC,
  CONST_PTR_TO_DYNPTR,
]);

/** Range of the sum or difference; unbounded on overflow. */
function setRanges(dst: RegState, smin: bigint, smax: bigint, umin: bigint, umax: bigint): void {
  const signedFits = smin >= S64_MIN && smax <= S64_MAX && smin <= S64_MAX && smax >= S64_MIN;
  dst.smin = signedFits ? smin : S64_MIN;
  dst.smax = signedFits ? smax : S64_MAX;
  const unsignedFits = umin >= 0n && umax <= U64_MAX && umin <= U64_MAX;
  dst.umin = unsignedFits ? umin : 0n;
  dst.umax = unsignedFits ? umax : U64_MAX;
}

const fitsS32 = (x: number): boolean => x === (x | 0);

/** pointer +- scalar; `dst` may be either of them. */
function pointerAlu(env: Env, insn: Insn, pointer: RegState, offset: RegState): void {
  const op = BPF_OP(insn.code);
  const n = insn.dst;
  const dst = env.reg(n);
  const known = offset.isConst;
  const swapped = dst === offset;
  if (offset.smin > offset.smax || offset.umin > offset.umax) return dst.setUnknown();
  if (BPF_CLASS(insn.code) !== BPF_ALU64) {
    if (op === BPF_SUB) return dst.setUnknown();
    env.reject('EACCES', `R${n} 32-bit pointer arithmetic prohibited`);
  }
  const name = regTypeName(pointer.type);
  if (mayBeNull(pointer.type))
    env.reject('EACCES', `R${n} pointer arithmetic on ${name} prohibited, null-check it first`);
  const base = baseType(pointer.type);
  const zeroAdded = known && offset.smin === 0n && op === BPF_ADD && base === CONST_PTR_TO_MAP;
  if (!MOVABLE.has(base) && !zeroAdded)
    env.reject('EACCES', `R${n} pointer arithmetic on ${name} prohibited`);
  const scalar = offset.clone();
  const from = pointer.clone();
  dst.type = from.type;
  dst.id = from.id;
  checkSaneOffset(env, scalar, from.type);
  checkSaneOffset(env, from, from.type);
  const take = (): void => {
    dst.map = from.map;
    dst.btf = from.btf;
    dst.btfId = from.btfId;
    dst.memSize = from.memSize;
    dst.subprog = from.subprog;
    dst.refObjId = from.refObjId;
    dst.frameno = from.frameno;
    dst.dynptrType = from.dynptrType;
    dst.dynptrId = from.dynptrId;
    dst.mapUid = from.mapUid;
    dst.precise = false;
    dst.mark32Unbounded();
  };
  if (op === BPF_ADD || op === BPF_SUB) {
    if (op === BPF_SUB && swapped) env.reject('EACCES', `R${n} tried to subtract pointer from scalar`);
    if (op === BPF_SUB && base === PTR_TO_STACK)
      env.reject('EACCES', `R${n} subtraction from stack pointer prohibited`);
    take();
    const delta = Number(scalar.smin) * (op === BPF_ADD ? 1 : -1);
    if (known && fitsS32(from.off + delta)) {
      dst.smin = from.smin;
      dst.smax = from.smax;
      dst.umin = from.umin;
      dst.umax = from.umax;
      dst.var = from.var;
      dst.off = from.off + delta;
    } else if (op === BPF_ADD) {
      setRanges(
        dst,
        from.smin + scalar.smin,
        from.smax + scalar.smax,
        from.umin + scalar.umin,
        from.umax + scalar.umax,
      );
      dst.var = tnumAdd(from.var, scalar.var);
      dst.off = from.off;
    } else {
      setRanges(
        dst,
        from.smin - scalar.smax,
        from.smax - scalar.smin,
        from.umin - scalar.umax,
        from.umax - scalar.umin,
      );
      dst.var = tnumSub(from.var, scalar.var);
      dst.off = from.off;
    }
  } else if (op === BPF_AND || op === BPF_OR || op === BPF_XOR) {
    env.reject('EACCES', `R${n} bitwise operator ${aluOpName(op)} on pointer prohibited`);
  } else {
    env.reject('EACCES', `R${n} pointer arithmetic with ${aluOpName(op)} operator prohibited`);
  }
  checkSaneOffset(env, dst, from.type);
  syncBounds(dst);
}

/** Remembers that dst is some other scalar plus a constant, else forgets what it was linked to. */
function relink(dst: RegState, src: RegState, op: number, is32: boolean, toItself: boolean): void {
  const adds = op === BPF_ADD && !is32 && dst.id !== 0 && src.isConst && !toItself;
  if (!adds || dst.id & ADD_CONST || src.var.v > 0x7fff_ffffn) return dst.clearScalarId();
  dst.id |= ADD_CONST;
  dst.off = Number(src.var.v);
}

/** Any arithmetic gives a pointer into the arena, of its 32 bits. */
function arenaAlu(env: Env, insn: Insn, dst: RegState, src: RegState | null): void {
  if (dst.type !== PTR_TO_ARENA && src) dst.copyAll(src);
  dst.subregDef = env.insnIdx + 1;
  if (BPF_CLASS(insn.code) === BPF_ALU64) env.auxOf(env.insnIdx).narrow = true;
}

/** Between how user space and how the program has an address of the arena. @returns false: no such instruction */
function castAddress(env: Env, insn: Insn): boolean {
  const { off, imm, src, dst: n } = insn;
  if (BPF_CLASS(insn.code) !== BPF_ALU64 || BPF_SRC(insn.code) !== BPF_X || off !== BPF_ADDR_SPACE_CAST)
    return false;
  if (imm !== FROM_USER && imm !== TO_USER)
    env.reject('EINVAL', 'addr_space_cast insn can only convert between address space 1 and 0');
  if (!env.arena)
    env.reject('EINVAL', 'addr_space_cast insn can only be used in a program that has an associated arena');
  checkRegArg(env, src, 'src');
  checkRegArg(env, n, 'dst');
  if (imm !== FROM_USER) return true;
  const dst = env.reg(n);
  dst.type = PTR_TO_ARENA;
  dst.subregDef = env.insnIdx + 1;
  return true;
}
const BPF_ADDR_SPACE_CAST = 1;
const FROM_USER = 1;
const TO_USER = 1 << 16;

function arithmetic(env: Env, insn: Insn): void {
  const op = BPF_OP(insn.code);
  const is32 = BPF_CLASS(insn.code) !== BPF_ALU64;
  const dst = env.reg(insn.dst);
  const operandReg = BPF_SRC(insn.code) === BPF_X ? env.reg(insn.src) : null;
  if (dst.type === PTR_TO_ARENA || operandReg?.type === PTR_TO_ARENA)
    return arenaAlu(env, insn, dst, operandReg);
  const pointer = dst.type === SCALAR_VALUE ? null : dst;
  let src: RegState;
  if (operandReg) {
    src = operandReg;
    if (src.type !== SCALAR_VALUE) {
      if (pointer) {
        if (op === BPF_SUB) return dst.setUnknown();
        env.reject('EACCES', `R${insn.dst} pointer ${aluOpName(op)} pointer prohibited`);
      }
      markPrecise(env, insn.dst);
      return pointerAlu(env, insn, src, dst);
    }
    if (pointer) {
      markPrecise(env, insn.src);
      return pointerAlu(env, insn, pointer, src);
    }
    if (dst.precise) markPrecise(env, insn.src);
  } else {
    src = new RegState();
    src.setImm(insn.imm);
    if (pointer) return pointerAlu(env, insn, pointer, src);
  }
  const operand = src === dst ? src.clone() : src;
  scalarAlu(dst, operand, op, is32);
  relink(dst, operand, op, is32, src === dst);
}

function moveScalar32(env: Env, insn: Insn, dst: RegState, src: RegState): void {
  const sign = insn.off >> 3;
  const keepsId = sign === 0 ? src.fits32 : src.umax < 1n << BigInt(insn.off - 1);
  if (keepsId) assignScalarId(env, src);
  dst.copyValue(src);
  if (!keepsId) dst.clearScalarId();
  if (sign !== 0) coerceSubregSigned(dst, sign);
}

function move(env: Env, insn: Insn): void {
  const { code, dst: n, src: m, off } = insn;
  const is32 = BPF_CLASS(code) !== BPF_ALU64;
  const fromReg = BPF_SRC(code) === BPF_X;
  const signs = is32 ? [0, 8, 16] : [0, 8, 16, 32];
  if (castAddress(env, insn)) return;
  if (fromReg ? insn.imm !== 0 || !signs.includes(off) : m !== 0 || off !== 0)
    env.reject('EINVAL', 'BPF_MOV uses reserved fields');
  if (fromReg) checkRegArg(env, m, 'src');
  checkRegArg(env, n, 'dst_no_mark');
  const dst = env.reg(n);
  if (!fromReg) {
    dst.setImm(is32 ? insn.imm >>> 0 : insn.imm);
    return;
  }
  const src = env.reg(m);
  if (!is32) {
    if (off === 0) {
      assignScalarId(env, src);
      dst.copyValue(src);
    } else if (src.type === SCALAR_VALUE) {
      const keepsId = src.umax < 1n << BigInt(off - 1);
      if (keepsId) assignScalarId(env, src);
      dst.copyValue(src);
      if (!keepsId) dst.clearScalarId();
      coerceToSizeSigned(dst, off >> 3);
    } else {
      dst.setUnknown();
    }
    dst.live |= LIVE_WRITTEN;
    dst.subregDef = 0;
    return;
  }
  if (src.type === SCALAR_VALUE) moveScalar32(env, insn, dst, src);
  else dst.setUnknown();
  dst.live |= LIVE_WRITTEN;
  dst.subregDef = env.insnIdx + 1;
  const now = dst.peek();
  // a number of 32 bits that was only copied
  if (insn.off === 0 && isExact(now) && now.umax <= 0xffff_ffffn) return;
  zeroExtend32(dst);
  syncBounds(dst);
}

const SHIFTS: ReadonlySet<number> = new Set([BPF_LSH, BPF_RSH, BPF_ARSH]);

/**
 * Checks and simulates one ALU instruction.
 *
 * @kernel check_alu_op, kernel/bpf/verifier.c
 * @fidelity full: rules.test.ts
 */
export function checkAlu(env: Env, insn: Insn): void {
  const { code, off, imm } = insn;
  const op = BPF_OP(code);
  const fromReg = BPF_SRC(code) === BPF_X;
  const wide = BPF_CLASS(code) === BPF_ALU64;
  if (op === BPF_END || op === BPF_NEG) {
    const reserved =
      op === BPF_NEG
        ? fromReg || insn.src !== 0 || off !== 0 || imm !== 0
        : insn.src !== 0 || off !== 0 || ![16, 32, 64].includes(imm) || (wide && BPF_SRC(code) !== BPF_TO_LE);
    if (reserved) env.reject('EINVAL', `${op === BPF_NEG ? 'BPF_NEG' : 'BPF_END'} uses reserved fields`);
    checkRegArg(env, insn.dst, 'src');
    checkRegArg(env, insn.dst, 'dst');
    return;
  }
  if (op === BPF_MOV) return move(env, insn);
  const signedOk = op === BPF_MOD || op === BPF_DIV;
  const badOff = off > 1 || off < 0 || (off === 1 && !signedOk);
  if (badOff || (fromReg ? imm !== 0 : insn.src !== 0)) env.reject('EINVAL', 'BPF_ALU uses reserved fields');
  if (fromReg) checkRegArg(env, insn.src, 'src');
  checkRegArg(env, insn.dst, 'src');
  if (signedOk && !fromReg && imm === 0) env.reject('EINVAL', 'div by zero');
  if (SHIFTS.has(op) && !fromReg && (imm < 0 || imm >= (wide ? 64 : 32)))
    env.reject('EINVAL', `invalid shift ${imm}`);
  checkRegArg(env, insn.dst, 'dst_no_mark');
  arithmetic(env, insn);
}
