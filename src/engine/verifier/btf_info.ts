/**
 * func_info and line_info: they must fit the program, and say which subprograms are global.
 *
 * Source: check_btf_info_early, check_btf_func, check_btf_line, kernel/bpf/verifier.c, Linux 6.12.
 */
import type { InsnIndex, TypeId } from '../../shared/brand.ts';
import { resolve } from '../btf/layout.ts';
import type { Btf } from '../btf/parse.ts';
import { Kind } from '../btf/types.ts';
import type { Env, Subprog } from './env.ts';

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

/** A subprogram that may end the program early, by a load from a packet or a tail call, returns an int. */
function checkAbnormalReturn(env: Env, btf: Btf, funcId: TypeId, sub: Subprog): void {
  const func = btf.type(funcId);
  const proto = btf.type(func.kind === Kind.FUNC ? func.type : 0);
  const ret = btf.type(proto.kind === Kind.FUNC_PROTO ? resolve(btf, proto.type) : 0);
  if (ret.kind === Kind.INT || ret.kind === Kind.ENUM || ret.kind === Kind.ENUM64) return;
  const only = "is only allowed in functions that return 'int'.";
  if (sub.hasLoadPacket) env.reject('EINVAL', `LD_ABS ${only}`, null);
  if (sub.hasTailCall) env.reject('EINVAL', `tail_call ${only}`, null);
}

function checkWithoutInfo(env: Env): void {
  env.subprogs.slice(1).forEach((sub) => {
    if (sub.hasLoadPacket) env.reject('EINVAL', 'LD_ABS is not allowed in subprogs without BTF', null);
    if (sub.hasTailCall) env.reject('EINVAL', 'tail_call is not allowed in subprogs without BTF', null);
  });
}

/**
 * The function that `__exception_cb(name)` on the main program names, in func_info; 0: none.
 *
 * @kernel bpf_find_exception_callback_insn_off, kernel/bpf/verifier.c
 * @fidelity full: rules.test.ts
 */
export function exceptionCallbackStart(env: Env): InsnIndex {
  const { funcInfo, progBtf: btf } = env.request;
  const main = funcInfo[0];
  if (!main || !btf) return 0;
  const names: string[] = [];
  for (let id = btf.start; id < btf.end; id++) {
    const type = btf.type(id);
    if (type.kind === Kind.DECL_TAG && type.type === main.typeId && type.name.startsWith(EXCEPTION_TAG))
      names.push(type.name.slice(EXCEPTION_TAG.length));
  }
  const [name] = names;
  if (name === undefined) return 0;
  if (names.length > 1) env.reject('EEXIST', 'multiple exception callback tags for main subprog', null);
  const id = btf.find(name, Kind.FUNC);
  const func = btf.type(id);
  if (func.kind !== Kind.FUNC)
    return env.reject('ENOENT', `exception callback '${name}' could not be found in BTF`, null);
  if (func.linkage !== LINKAGE_GLOBAL)
    env.reject('EINVAL', `exception callback '${name}' must have global linkage`, null);
  const info = funcInfo.find((row) => row.typeId === id);
  if (!info) return env.reject('EINVAL', 'exception callback type id not found in func_info', null);
  return info.insnOff;
}
const EXCEPTION_TAG = 'exception_callback:';

function checkFuncInfo(env: Env): void {
  const { funcInfo, progBtf } = env.request;
  if (funcInfo.length === 0 || !progBtf) return checkWithoutInfo(env);
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
    if (i > 0) checkAbnormalReturn(env, progBtf, info.typeId, sub);
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
