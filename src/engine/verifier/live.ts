/**
 * Who reads which register: source operands must be initialised, and every read is passed up to the stored
 * states it came from; destination operands screen earlier values off.
 *
 * Source: mark_reg_read, check_reg_arg, is_reg64, kernel/bpf/verifier.c, Linux 6.12.
 */
import type { Insn } from '../abi/insn.ts';
import {
  BPF_ALU,
  BPF_ALU64,
  BPF_ATOMIC,
  BPF_CALL,
  BPF_CLASS,
  BPF_CMPXCHG,
  BPF_DW,
  BPF_END,
  BPF_EXIT,
  BPF_JMP,
  BPF_LDX,
  BPF_MEMSX,
  BPF_MODE,
  BPF_OP,
  BPF_SIZE,
  BPF_STX,
} from '../abi/opcode.ts';
import type { Env } from './env.ts';
import { LIVE_READ, LIVE_READ32, LIVE_READ64, LIVE_WRITTEN } from './reg.ts';
import type { RegState } from './reg.ts';
import { NOT_INIT, SCALAR_VALUE } from './reg_type.ts';
import { BPF_REG_FP, MAX_BPF_REG } from './state.ts';

export type Operand = 'src' | 'dst' | 'dst_no_mark';

/** Passes a read of `reg` up to the states it was copied from, until a write screens it. */
export function markRegRead(env: Env, reg: RegState, parent: RegState | null, flag: number): void {
  let writes = parent === reg.parent;
  let walked = 0;
  let state = reg;
  while (parent) {
    if (writes && state.live & LIVE_WRITTEN) break;
    if ((parent.live & LIVE_READ) === flag || parent.live & LIVE_READ64) break;
    parent.live |= flag;
    if (flag === LIVE_READ64) parent.live &= ~LIVE_READ32;
    state = parent;
    parent = state.parent;
    writes = true;
    walked++;
  }
  if (walked > env.count.longestMarkRead) env.count.longestMarkRead = walked;
}

/** Does the operand use all 64 bits? */
function isReg64(env: Env, insn: Insn, regno: number, reg: RegState, operand: Operand): boolean {
  const { code } = insn;
  const cls = BPF_CLASS(code);
  const op = BPF_OP(code);
  if (cls === BPF_JMP) {
    if (op === BPF_EXIT) return env.cur.frameno !== 0 || env.state.curframe !== 0 || operand === 'src';
    if (op === BPF_CALL) return operand === 'src';
  }
  if (cls === BPF_ALU64 || cls === BPF_JMP || (cls === BPF_ALU && op === BPF_END && insn.imm === 64))
    return true;
  if (cls === BPF_ALU || cls === 6) return false;
  if (cls === BPF_LDX) {
    if (operand !== 'src') return BPF_SIZE(code) === BPF_DW || BPF_MODE(code) === BPF_MEMSX;
    return true;
  }
  if (cls === BPF_STX) {
    // an atomic in 32 bits writes a 32-bit result
    if (operand === 'src' && reg.type !== SCALAR_VALUE) return true;
    if (BPF_MODE(code) === BPF_ATOMIC && insn.imm === BPF_CMPXCHG && regno === 0)
      return BPF_SIZE(code) === BPF_DW;
    return BPF_SIZE(code) === BPF_DW;
  }
  return true;
}

/**
 * Checks one register operand of the current instruction.
 *
 * @kernel check_reg_arg, kernel/bpf/verifier.c
 * @fidelity full: rules.test.ts
 */
export function checkRegArg(env: Env, regno: number, operand: Operand): void {
  if (regno >= MAX_BPF_REG) env.reject('EINVAL', `R${regno} is invalid`);
  env.scratched.reg(regno);
  const reg = env.reg(regno);
  const wide = isReg64(env, env.insn(env.insnIdx), regno, reg, operand);
  if (operand === 'src') {
    if (reg.type === NOT_INIT) env.reject('EACCES', `R${regno} !read_ok`);
    if (regno === BPF_REG_FP) return;
    if (wide) reg.subregDef = 0;
    markRegRead(env, reg, reg.parent, wide ? LIVE_READ64 : LIVE_READ32);
    return;
  }
  if (regno === BPF_REG_FP) env.reject('EACCES', 'frame pointer is read only');
  reg.live |= LIVE_WRITTEN;
  reg.subregDef = wide ? 0 : env.insnIdx + 1;
  if (operand === 'dst') {
    const { live } = reg;
    reg.setUnknown();
    reg.live = live;
  }
}
