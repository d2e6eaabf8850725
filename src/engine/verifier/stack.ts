/**
 * Loads and stores of the stack: 512 bytes per frame in slots of 8, each byte typed. An aligned 8-byte store
 * keeps the whole register, so that a load brings it back.
 *
 * Source: check_stack_read, check_stack_write and what they call, kernel/bpf/verifier.c, Linux 6.12.
 */
import { must } from '../../shared/assert.ts';
import { alignUp } from '../../shared/int64.ts';
import type { Bytes } from '../../shared/brand.ts';
import { BPF_CLASS, BPF_ST } from '../abi/opcode.ts';
import { MAX_BPF_STACK } from '../abi/uapi.ts';
import { BPF_MAX_VAR_OFF, assignScalarId } from './alu.ts';
import { destroyDynptrAt } from './dynptr.ts';
import type { Env } from './env.ts';
import { touchStack } from './fastcall.ts';
import { markRegRead } from './live.ts';
import { tnumText } from './log_state.ts';
import { markPrecise } from './precision.ts';
import { LIVE_READ64, LIVE_WRITTEN, RegState } from './reg.ts';
import { NOT_INIT, PTR_TO_STACK, SCALAR_VALUE } from './reg_type.ts';
import type { FuncState } from './state.ts';
import {
  BPF_REG_SIZE,
  INSN_F_SPI_SHIFT,
  INSN_F_STACK_ACCESS,
  STACK_DYNPTR,
  STACK_INVALID,
  STACK_IRQ_FLAG,
  STACK_ITER,
  STACK_MISC,
  STACK_SPILL,
  STACK_ZERO,
} from './state.ts';

export type Access = 'read' | 'write' | 'helper';

const EXTRA: Readonly<Record<Access, string>> = {
  read: ' read from',
  write: ' write to',
  helper: ' indirect access to',
};

const spiOf = (off: number): number => (-off - 1) >> 3;
const byteOf = (off: number): number => (-off - 1) & 7;

/** Makes room and remembers how much stack the subprogram needs. */
export function growStack(env: Env, frame: FuncState, size: Bytes): void {
  frame.grow(size);
  const sub = must(env.subprogs[frame.subprogno], 'subprogram');
  sub.stackDepth = Math.max(sub.stackDepth, alignUp(size, BPF_REG_SIZE));
}

/**
 * The access lies within the stack; the frame grows to hold it.
 *
 * @param off relative to the register's variable part
 */
export function checkStackBounds(env: Env, regno: number, off: number, size: Bytes, access: Access): void {
  const reg = env.reg(regno);
  const frame = env.frameOf(reg);
  let lo: number;
  let hi: number;
  if (reg.isConst) {
    lo = reg.constValue + off;
    hi = lo + size;
  } else {
    if (reg.smax >= BigInt(BPF_MAX_VAR_OFF) || reg.smin <= -BigInt(BPF_MAX_VAR_OFF))
      env.reject('EACCES', `invalid unbounded variable-offset${EXTRA[access]} stack R${regno}`);
    lo = Number(reg.smin) + off;
    hi = Number(reg.smax) + off + size;
  }
  const below = lo < -MAX_BPF_STACK || lo > -1;
  if (below || hi > 0 || size < 0) {
    const errno = below ? 'EACCES' : hi > 0 ? 'EINVAL' : 'EFAULT';
    const variable = reg.isConst ? '' : ' variable-offset';
    const varOff = reg.isConst ? '' : ` var_off=${tnumText(reg.var)}`;
    env.reject(errno, `invalid${variable}${EXTRA[access]} stack R${regno}${varOff} off=${off} size=${size}`);
  }
  growStack(env, frame, -lo);
}

const accessFlags = (frameno: number, spi: number): number =>
  INSN_F_STACK_ACCESS | (spi << INSN_F_SPI_SHIFT) | frameno;

/** Puts a register into a slot; bytes above a short spill keep what is harmless to keep. */
function saveRegister(frame: FuncState, spi: number, reg: RegState, size: Bytes): void {
  const slot = frame.slot(spi);
  slot.copyValue(reg);
  if (size === BPF_REG_SIZE) slot.live |= LIVE_WRITTEN;
  for (let j = BPF_REG_SIZE - size; j < BPF_REG_SIZE; j++) frame.setByte(spi, j, STACK_SPILL);
  for (let j = 0; j < BPF_REG_SIZE - size; j++) {
    const type = frame.byte(spi, j);
    if (type !== STACK_ZERO && type !== STACK_INVALID) frame.setByte(spi, j, STACK_MISC);
  }
}

const isSpecial = (type: number): boolean =>
  type === STACK_SPILL || type === STACK_DYNPTR || type === STACK_ITER || type === STACK_IRQ_FLAG;

function writeFixed(env: Env, frame: FuncState, off: number, size: Bytes, valueRegno: number): void {
  const spi = spiOf(off);
  const cur = env.cur;
  const insn = env.insn(env.insnIdx);
  const reg = valueRegno >= 0 ? cur.reg(valueRegno) : null;
  const storesImm = BPF_CLASS(insn.code) === BPF_ST;
  destroyDynptrAt(env, frame, spi);
  env.scratched.slot(spi);
  touchStack(env, frame, off);
  const aligned = off % BPF_REG_SIZE === 0;
  if (reg && aligned && reg.type === SCALAR_VALUE) {
    const fits = reg.bitWidth() <= 8 * size;
    if (fits) assignScalarId(env, reg);
    saveRegister(frame, spi, reg, size);
    if (!fits) frame.slot(spi).id = 0;
  } else if (!reg && aligned && storesImm) {
    const imm = new RegState();
    imm.setConst(BigInt(insn.imm));
    saveRegister(frame, spi, imm, size);
  } else if (reg && reg.type !== NOT_INIT && reg.type !== SCALAR_VALUE) {
    if (size !== BPF_REG_SIZE) {
      env.writeLine(env.insnIdx, '; ');
      env.reject('EACCES', 'invalid size of register spill');
    }
    if (frame !== cur && reg.type === PTR_TO_STACK)
      env.reject('EINVAL', 'cannot spill pointers to stack into stack frame of the caller');
    saveRegister(frame, spi, reg, size);
  } else {
    writeBytes(env, frame, off, size, valueRegno, storesImm && insn.imm === 0);
    return;
  }
  env.pushHistory(env.state, accessFlags(frame.frameno, spi), null);
}

/** What a slot held is no register any more: its bytes are data. */
function scrubSpecialSlot(frame: FuncState, spi: number): void {
  frame.slot(spi).type = NOT_INIT;
  if (!isSpecial(frame.byte(spi, BPF_REG_SIZE - 1))) return;
  for (let j = 0; j < BPF_REG_SIZE; j++)
    if (frame.byte(spi, j) !== STACK_INVALID) frame.setByte(spi, j, STACK_MISC);
}

/** A store that is no spill: the bytes become data. */
function writeBytes(
  env: Env,
  frame: FuncState,
  off: number,
  size: Bytes,
  valueRegno: number,
  immZero: boolean,
): void {
  const spi = spiOf(off);
  const reg = valueRegno >= 0 ? env.reg(valueRegno) : null;
  scrubSpecialSlot(frame, spi);
  if (size === BPF_REG_SIZE) frame.slot(spi).live |= LIVE_WRITTEN;
  let type = STACK_MISC;
  if (reg ? reg.isNull : immZero) {
    markPrecise(env, valueRegno);
    type = STACK_ZERO;
  }
  for (let i = 0; i < size; i++) frame.setByte(spi, (-off - 1 - i) & 7, type);
}

function writeVariable(
  env: Env,
  frame: FuncState,
  pointer: RegState,
  off: number,
  size: Bytes,
  valueRegno: number,
): void {
  const insn = env.insn(env.insnIdx);
  const lo = Number(pointer.smin) + off;
  const hi = Number(pointer.smax) + off + size;
  const reg = valueRegno >= 0 ? env.reg(valueRegno) : null;
  const zero = reg ? reg.isNull : BPF_CLASS(insn.code) === BPF_ST && insn.imm === 0;
  let zeroUsed = false;
  for (let i = lo; i < hi; i++) destroyDynptrAt(env, frame, spiOf(i));
  touchStack(env, frame, lo);
  for (let i = lo; i < hi; i++) {
    const spi = spiOf(i);
    const type = frame.byte(spi, byteOf(i));
    env.scratched.slot(spi);
    const slot = frame.slot(spi);
    if (zero && type === STACK_SPILL && frame.isSpilledScalar(spi) && slot.isNull) {
      zeroUsed = true;
      continue;
    }
    scrubSpecialSlot(frame, spi);
    if (zero && frame.byte(spi, byteOf(i)) === STACK_ZERO) zeroUsed = true;
    else frame.setByte(spi, byteOf(i), STACK_MISC);
  }
  if (zeroUsed) markPrecise(env, valueRegno);
}

/**
 * A store to the stack. Bounds were checked.
 *
 * @param off includes the pointer's fixed offset
 * @param valueRegno register stored, -1: an immediate or what a helper writes
 * @kernel check_stack_write, kernel/bpf/verifier.c
 * @fidelity full: rules.test.ts
 */
export function stackWrite(env: Env, regno: number, off: number, size: Bytes, valueRegno: number): void {
  const pointer = env.reg(regno);
  const frame = env.frameOf(pointer);
  if (pointer.isConst) writeFixed(env, frame, off + pointer.constValue, size, valueRegno);
  else writeVariable(env, frame, pointer, off, size, valueRegno);
}

/** A register loaded from data bytes: zero when all of them are. */
function readData(env: Env, frame: FuncState, lo: number, hi: number, dstRegno: number): void {
  let zeros = 0;
  for (let i = lo; i < hi; i++) {
    env.scratched.slot(spiOf(i));
    if (frame.byte(spiOf(i), byteOf(i)) !== STACK_ZERO) break;
    zeros++;
  }
  const dst = env.reg(dstRegno);
  if (zeros === hi - lo) dst.setConst(0n);
  else dst.setUnknown();
  dst.live |= LIVE_WRITTEN;
}

/** Bytes of a slot that the spilled register covers. */
function spillSize(frame: FuncState, spi: number): Bytes {
  let size = 1;
  for (let j = BPF_REG_SIZE - 1; j > 0 && frame.byte(spi, j - 1) === STACK_SPILL; j--) size++;
  return size;
}

/** @returns true when the register came back as it was, so that precision can follow it */
function fillPart(
  env: Env,
  frame: FuncState,
  off: number,
  size: Bytes,
  spilled: Bytes,
  dstRegno: number,
): boolean {
  const spi = spiOf(off);
  const slot = frame.slot(spi);
  const dst = env.reg(dstRegno);
  if (size <= spilled && off % BPF_REG_SIZE === 0) {
    const { subregDef } = dst;
    dst.copyValue(slot);
    dst.subregDef = subregDef;
    if (slot.bitWidth() > size * 8) dst.clearScalarId();
    return true;
  }
  let spills = 0;
  let zeros = 0;
  for (let i = 0; i < size; i++) {
    const type = frame.byte(spi, (-off - 1 - i) & 7);
    if (type === STACK_SPILL) spills++;
    else if (type === STACK_ZERO) zeros++;
    else if (type !== STACK_MISC && type !== STACK_INVALID)
      env.reject('EACCES', `invalid read from stack off ${off}+${i} size ${size}`);
  }
  if (spills === size && slot.isConst && slot.var.v === 0n) {
    dst.setConst(0n);
    return true;
  }
  if (zeros === size) dst.setConst(0n);
  else dst.setUnknown();
  return false;
}

function readFixed(env: Env, frame: FuncState, off: number, size: Bytes, dstRegno: number): void {
  const spi = spiOf(off);
  const slot = frame.slot(spi);
  env.scratched.slot(spi);
  touchStack(env, frame, off);
  if (!frame.isSpilled(spi)) {
    for (let i = 0; i < size; i++) {
      const type = frame.byte(spi, (-off - 1 - i) & 7);
      if (type !== STACK_MISC && type !== STACK_ZERO && type !== STACK_INVALID)
        env.reject('EACCES', `invalid read from stack off ${off}+${i} size ${size}`);
    }
    markRegRead(env, slot, slot.parent, LIVE_READ64);
    if (dstRegno >= 0) readData(env, frame, off, off + size, dstRegno);
    return;
  }
  const spilled = spillSize(frame, spi);
  let follows = true;
  if (size !== BPF_REG_SIZE || spilled !== BPF_REG_SIZE) {
    if (slot.type !== SCALAR_VALUE) {
      env.writeLine(env.insnIdx, '; ');
      env.reject('EACCES', 'invalid size of register fill');
    }
    markRegRead(env, slot, slot.parent, LIVE_READ64);
    if (dstRegno < 0) return;
    follows = fillPart(env, frame, off, size, spilled, dstRegno);
    env.reg(dstRegno).live |= LIVE_WRITTEN;
  } else {
    if (dstRegno >= 0) {
      env.reg(dstRegno).copyValue(slot);
      env.reg(dstRegno).live |= LIVE_WRITTEN;
    }
    markRegRead(env, slot, slot.parent, LIVE_READ64);
  }
  if (follows) env.pushHistory(env.state, accessFlags(frame.frameno, spi), null);
}

/**
 * A load from the stack. Bounds were checked.
 *
 * @kernel check_stack_read, kernel/bpf/verifier.c
 * @fidelity full: rules.test.ts
 */
export function stackRead(env: Env, regno: number, off: number, size: Bytes, dstRegno: number): void {
  const pointer = env.reg(regno);
  const frame = env.frameOf(pointer);
  if (pointer.isConst) return readFixed(env, frame, off + pointer.constValue, size, dstRegno);
  if (dstRegno < 0)
    env.reject(
      'EACCES',
      `variable offset stack pointer cannot be passed into helper function; var_off=${tnumText(pointer.var)} off=${off} size=${size}`,
    );
  checkStackRange(env, regno, off, size, false, 'read', null);
  const lo = Number(pointer.smin) + off;
  const hi = Number(pointer.smax) + off + size;
  readData(env, frame, lo, hi, dstRegno);
  touchStack(env, frame, lo);
}

/** Stack memory that a helper fills: what is known when the call has been checked. */
export interface RawAccess {
  /** The helper writes all of it, so it need not be initialised. */
  raw: boolean;
  size: Bytes;
  regno: number;
}

/**
 * A range of stack that a helper gets, or a load with variable offset reads.
 *
 * @param raw where to note memory that the helper overwrites; null: it reads
 * @kernel check_stack_range_initialized, kernel/bpf/verifier.c
 * @fidelity full: rules.test.ts
 */
export function checkStackRange(
  env: Env,
  regno: number,
  off: number,
  size: Bytes,
  zeroOk: boolean,
  access: 'read' | 'helper',
  raw: RawAccess | null,
): void {
  const pointer = env.reg(regno);
  const frame = env.frameOf(pointer);
  if (size === 0 && !zeroOk) env.reject('EACCES', 'invalid zero-sized read');
  checkStackBounds(env, regno, off, size, access);
  const lo = pointer.isConst ? pointer.constValue + off : Number(pointer.smin) + off;
  const hi = (pointer.isConst ? lo : Number(pointer.smax) + off) + size;
  if (raw?.raw && pointer.isConst) {
    for (let i = lo; i < hi; i++)
      if (frame.byte(spiOf(i), byteOf(i)) === STACK_DYNPTR)
        env.reject('EACCES', `potential write to dynptr at off=${i} disallowed`);
    raw.size = size;
    raw.regno = regno;
    return;
  }
  const clobber = access === 'helper';
  for (let i = lo; i < hi; i++) {
    const spi = spiOf(i);
    const type = frame.byte(spi, byteOf(i));
    const slot = frame.slot(spi);
    if (type === STACK_ZERO || type === STACK_INVALID) {
      if (clobber) frame.setByte(spi, byteOf(i), STACK_MISC);
    } else if (frame.isSpilled(spi)) {
      if (clobber) {
        slot.setUnknown();
        for (let j = 0; j < BPF_REG_SIZE; j++)
          if (frame.byte(spi, j) !== STACK_INVALID) frame.setByte(spi, j, STACK_MISC);
      }
    } else if (type !== STACK_MISC) {
      const indirect = access === 'helper' ? ' indirect' : '';
      const where = pointer.isConst ? `off ${lo}` : `var_off ${tnumText(pointer.var)}`;
      env.reject('EACCES', `invalid${indirect} read from stack R${regno} ${where}+${i - lo} size ${size}`);
    }
    markRegRead(env, slot, slot.parent, LIVE_READ64);
  }
}
