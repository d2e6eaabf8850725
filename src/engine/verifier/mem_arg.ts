/**
 * Memory that a call gets: a pointer and a length.
 *
 * Source: check_helper_mem_access, check_mem_size_reg, kernel/bpf/verifier.c, Linux 6.12.
 */
import { must } from '../../shared/assert.ts';
import type { Bytes } from '../../shared/brand.ts';
import { BPF_MAX_VAR_OFF } from './alu.ts';
import { checkBtfAccess } from './btf_walk.ts';
import type { Env } from './env.ts';
import { checkBuffer, checkMapAccessType, checkMapRegion, checkRegion } from './mem_access.ts';
import { markPrecise } from './precision.ts';
import {
  PTR_MAYBE_NULL,
  PTR_TO_BTF_ID,
  PTR_TO_BUF,
  PTR_TO_MAP_KEY,
  PTR_TO_MAP_VALUE,
  PTR_TO_MEM,
  PTR_TO_STACK,
  baseType,
  isRdonlyMem,
  mayBeNull,
  regTypeName,
} from './reg_type.ts';
import type { RawAccess } from './stack.ts';
import { checkStackRange } from './stack.ts';

/**
 * `size` bytes at a register.
 *
 * @param raw where stack memory that the callee overwrites is noted; null: every byte must be initialised
 * @kernel check_helper_mem_access, kernel/bpf/verifier.c
 * @fidelity full: rules.test.ts
 */
export function checkMemArg(
  env: Env,
  regno: number,
  size: Bytes,
  write: boolean,
  zeroOk: boolean,
  raw: RawAccess | null,
): void {
  const reg = env.reg(regno);
  const base = baseType(reg.type);
  const mustBeWritable = (): void => {
    if (write) env.reject('EACCES', `R${regno} cannot write into ${regTypeName(reg.type)}`);
  };
  switch (base) {
    case PTR_TO_MAP_KEY:
      mustBeWritable();
      return checkRegion(env, regno, reg.off, size, must(reg.map, 'map').keySize, false);
    case PTR_TO_MAP_VALUE:
      checkMapAccessType(env, must(reg.map, 'map'), reg.off, size, write);
      return checkMapRegion(env, regno, reg.off, size, zeroOk, true);
    case PTR_TO_MEM:
      if (isRdonlyMem(reg.type)) mustBeWritable();
      return checkRegion(env, regno, reg.off, size, reg.memSize, zeroOk);
    case PTR_TO_BUF:
      if (isRdonlyMem(reg.type)) mustBeWritable();
      return checkBuffer(env, regno, reg.off, size, isRdonlyMem(reg.type));
    case PTR_TO_STACK:
      return checkStackRange(env, regno, reg.off, size, zeroOk, 'helper', raw);
    case PTR_TO_BTF_ID:
      return checkBtfAccess(env, regno, reg.off, size, false, -1);
    default:
      if (zeroOk && size === 0 && reg.isNull) return;
      env.reject('EACCES', `R${regno} type=${regTypeName(reg.type)} expected=${regTypeName(PTR_TO_STACK)}`);
  }
}

/**
 * A length register, and the memory before it.
 *
 * @kernel check_mem_size_reg, kernel/bpf/verifier.c
 * @fidelity full: cases.test.ts
 */
export function checkSizeArg(
  env: Env,
  regno: number,
  write: boolean,
  zeroOk: boolean,
  raw: RawAccess | null,
): void {
  const reg = env.reg(regno);
  if (reg.smin < 0n)
    env.reject('EACCES', `R${regno} min value is negative, either use unsigned or 'var &= const'`);
  if (reg.umin === 0n && !zeroOk)
    env.reject('EACCES', `R${regno} invalid zero-sized read: u64=[${reg.umin},${reg.umax}]`);
  if (reg.umax >= BigInt(BPF_MAX_VAR_OFF))
    env.reject('EACCES', `R${regno} unbounded memory access, use 'var &= const' or 'if (var < const)'`);
  checkMemArg(env, regno - 1, Number(reg.umax), write, zeroOk, reg.isConst ? raw : null);
  markPrecise(env, regno);
}

/** A length that a kfunc gets, and the memory before it, which it reads and writes. @kernel check_kfunc_mem_size_reg @fidelity full: app/helper_calls.test.ts */
export function checkKfuncSizeArg(env: Env, regno: number): void {
  const memory = env.reg(regno - 1);
  const saved = mayBeNull(memory.type) ? memory.clone() : null;
  if (saved) memory.type &= ~PTR_MAYBE_NULL;
  try {
    checkSizeArg(env, regno, false, true, null);
    checkSizeArg(env, regno, true, true, null);
  } finally {
    if (saved) memory.copyValue(saved);
  }
}

/** Memory of known size that a kfunc reads and writes; NULL passes. @kernel check_mem_reg @fidelity partial: no test runs it */
export function checkFixedMemArg(env: Env, regno: number, size: Bytes): void {
  const reg = env.reg(regno);
  if (reg.isNull) return;
  const saved = mayBeNull(reg.type) ? reg.clone() : null;
  if (saved) reg.type &= ~PTR_MAYBE_NULL;
  checkMemArg(env, regno, size, false, true, null);
  checkMemArg(env, regno, size, true, true, null);
  if (saved) reg.copyValue(saved);
}
