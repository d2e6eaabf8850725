/**
 * func_info and line_info: they must fit the program, and say which subprograms are global.
 *
 * Source: check_btf_info_early, check_btf_func, check_btf_line, kernel/bpf/verifier.c, Linux 6.12.
 */
import { Kind } from '../btf/types.ts';
import type { Env } from './env.ts';

const LINKAGE_GLOBAL = 1;

/** Before subprograms are known. */
export function checkFuncInfoEarly(env: Env): void {
  const { funcInfo, progBtf } = env.request;
  let prev = -1;
  for (const [i, info] of funcInfo.entries()) {
    if (i === 0 && info.insnOff !== 0)
      env.reject('EINVAL', `nonzero insn_off ${info.insnOff} for the first func info record`, null);
    if (i > 0 && info.insnOff <= prev)
      env.reject(
        'EINVAL',
        `same or smaller insn offset (${info.insnOff}) than previous func info record (${prev})`,
        null,
      );
    if (progBtf?.kind(info.typeId) !== Kind.FUNC)
      env.reject('EINVAL', `invalid type id ${info.typeId} in func info`, null);
    prev = info.insnOff;
  }
}

function checkFuncInfo(env: Env): void {
  const { funcInfo, progBtf } = env.request;
  if (funcInfo.length === 0 || !progBtf) return;
  if (funcInfo.length !== env.subprogs.length)
    env.reject('EINVAL', "number of funcs in func_info doesn't match number of subprogs", null);
  funcInfo.forEach((info, i) => {
    const sub = env.subprogs[i];
    const func = progBtf.type(info.typeId);
    if (!sub || sub.start !== info.insnOff)
      return env.reject('EINVAL', "func_info BTF section doesn't match subprog layout in BPF program", null);
    sub.name = func.name;
    sub.funcTypeId = info.typeId;
    sub.isGlobal = i > 0 && func.kind === Kind.FUNC && func.linkage === LINKAGE_GLOBAL;
  });
}

function checkLineInfo(env: Env): void {
  const { lineInfo } = env.request;
  let prev = -1;
  lineInfo.forEach(({ insnOff }, i) => {
    if ((i > 0 && insnOff <= prev) || insnOff >= env.insns.length)
      env.reject(
        'EINVAL',
        `Invalid line_info[${i}].insn_off:${insnOff} (prev_offset:${Math.max(prev, 0)} prog->len:${env.insns.length})`,
        null,
      );
    if (env.insn(insnOff).code === 0)
      env.reject('EINVAL', `Invalid insn code at line_info[${i}].insn_off`, null);
    prev = insnOff;
  });
}

/** @kernel check_btf_info @fidelity partial: CO-RE records are applied by the loader, never by the kernel here */
export function checkBtfInfo(env: Env): void {
  checkFuncInfo(env);
  checkLineInfo(env);
}
