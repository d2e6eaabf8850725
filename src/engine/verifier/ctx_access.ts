/**
 * Loads from the context: 8-byte slots, one for each parameter of the kernel function `bpf_iter_<target>`.
 *
 * Source: bpf_tracing_ctx_access, kernel/trace/bpf_trace.c; btf_ctx_access, kernel/bpf/btf.c, Linux 6.12.
 */
import type { Bytes, TypeId } from '../../shared/brand.ts';
import { AttachType } from '../abi/uapi.ts';
import { resolve } from '../btf/layout.ts';
import { Kind } from '../btf/types.ts';
import { syncBounds } from './agree.ts';
import { tagFlag } from './btf_walk.ts';
import type { Env } from './env.ts';
import { tnumText } from './log_state.ts';
import { hookRange } from './lsm_hooks.ts';
import { plainAccessOk } from './plain_ctx.ts';
import { argsTrusted } from './prog_type.ts';
import {
  MEM_RDONLY,
  PTR_MAYBE_NULL,
  PTR_TO_BTF_ID,
  PTR_TO_BUF,
  PTR_TRUSTED,
  SCALAR_VALUE,
  baseType,
  mayBeNull,
  regTypeName,
} from './reg_type.ts';
import type { RegType } from './reg_type.ts';
import type { RegState } from './reg.ts';
import type { CtxArgType } from './request.ts';
import type { RetvalRange } from './state.ts';

const MAX_ARGS = 12;

const ARG_TYPES: Readonly<Record<CtxArgType, RegType>> = {
  trusted: PTR_TO_BTF_ID | PTR_TRUSTED,
  trusted_or_null: PTR_TO_BTF_ID | PTR_TRUSTED | PTR_MAYBE_NULL,
  btf_or_null: PTR_TO_BTF_ID | PTR_MAYBE_NULL,
  rdonly_buf_or_null: PTR_TO_BUF | MEM_RDONLY | PTR_MAYBE_NULL,
  rdwr_buf_or_null: PTR_TO_BUF | PTR_MAYBE_NULL,
};

interface Slot {
  readonly type: RegType;
  readonly typeId: TypeId;
  /** Numbers: what they may be. */
  readonly range?: RetvalRange;
}
const SCALAR: Slot = { type: SCALAR_VALUE, typeId: 0 };

/** Attachments that see what the function returns, behind its arguments. */
const SEES_RESULT: ReadonlySet<number> = new Set([
  AttachType.TRACE_FEXIT,
  AttachType.MODIFY_RETURN,
  AttachType.LSM_MAC,
]);

/** The type of what is loaded, or null after the reason was logged. */
function slotType(env: Env, off: Bytes, size: Bytes): Slot | null {
  const btf = env.request.kernelBtf;
  const proto = btf.type(env.attachProto);
  const { progName, attachType } = env;
  const all = proto.kind === Kind.FUNC_PROTO ? proto.params : [];
  // a tracepoint's first parameter is its private data
  const params = attachType === AttachType.TRACE_RAW_TP ? all.slice(1) : all;
  const name = env.attachName;
  const no = (message: string): null => {
    env.write(`func '${name}' ${message}\n`);
    return null;
  };
  if (off % 8 !== 0) return no(`offset ${off} is not multiple of 8`);
  const arg = Math.min(off / 8, params.length + 1);
  const param = params[arg];
  const returned = arg === params.length && SEES_RESULT.has(attachType) && proto.kind === Kind.FUNC_PROTO;
  if (!param && !returned) return no(`doesn't have ${arg + 1}-th argument`);
  const type = btf.type(resolve(btf, param?.type ?? (returned ? proto.type : 0)));
  if (type.kind !== Kind.PTR)
    return returned && progName === 'LSM' ? { ...SCALAR, range: hookRange(name) } : SCALAR;
  if (size !== 8) return no(`size ${size} must be 8`);
  const override = env.target?.ctxArgs.find((entry) => entry.offset === off);
  const overrideType = override ? ARG_TYPES[override.type] : 0;
  if (override && baseType(overrideType) === PTR_TO_BUF) return { type: overrideType, typeId: 0 };
  const target = resolve(btf, type.type);
  const pointee = btf.type(target);
  if (target === 0 || pointee.kind === Kind.INT) return SCALAR;
  if (override?.btfId === 0) return invalid(env, off);
  if (override) return { type: overrideType, typeId: override.btfId ?? target };
  if (pointee.kind !== Kind.STRUCT && pointee.kind !== Kind.UNION)
    return no(`arg${arg} type ${btf.nameOf(target)} is not a struct`);
  const kind = pointee.kind === Kind.STRUCT ? 'STRUCT' : 'UNION';
  env.write(`func '${name}' arg${arg} has btf_id ${target} type ${kind} '${btf.nameOf(target)}'\n`);
  const trust = argsTrusted(progName, attachType, name) ? PTR_TRUSTED : 0;
  const maybe = param?.name.endsWith('__nullable') ? PTR_MAYBE_NULL : 0;
  return { type: PTR_TO_BTF_ID | trust | maybe | tagFlag(btf, type.type), typeId: target };
}

/** @kernel __mark_reg_s32_range, kernel/bpf/verifier.c @fidelity full: rules.test.ts */
function narrow32(reg: RegState, { min, max }: RetvalRange): void {
  const to = reg.scalar();
  to.s32min = min;
  to.s32max = max;
  to.smin = BigInt(min);
  to.smax = BigInt(max);
  syncBounds(reg);
}

/** A target said that the slot is a pointer, but not to what. */
function invalid(env: Env, off: Bytes): null {
  env.write(`invalid btf_id for context argument offset ${off}\n`);
  return null;
}

/** A pointer that may carry no variable offset, and a fixed one only where that is said. */
export function checkPointerOffset(env: Env, regno: number, fixedOk: boolean): void {
  const reg = env.reg(regno);
  const name = regTypeName(reg.type);
  if (reg.off < 0) env.reject('EACCES', `negative offset ${name} ptr R${regno} off=${reg.off} disallowed`);
  if (!fixedOk && reg.off !== 0)
    env.reject('EACCES', `dereference of modified ${name} ptr R${regno} off=${reg.off} disallowed`);
  if (!reg.isConst || reg.var.v !== 0n)
    env.reject('EACCES', `variable ${name} access var_off=${tnumText(reg.var)} disallowed`);
}

/** A pointer that may carry no offset at all. */
export const checkUnmoved = (env: Env, regno: number): void => checkPointerOffset(env, regno, false);

/** What is at an offset of the context, or null: this type of program may not touch it. */
function accessed(env: Env, off: Bytes, size: Bytes, write: boolean): Slot | null {
  const ctx = env.progType?.ctx;
  if (ctx && ctx.kind !== 'args') return plainAccessOk(env, ctx, off, size, write) ? SCALAR : null;
  const inside = !write && off >= 0 && off < 8 * MAX_ARGS && off % size === 0;
  return inside ? slotType(env, off, size) : null;
}

/**
 * A load or store of a context slot.
 *
 * @kernel check_ctx_access, kernel/bpf/verifier.c
 * @fidelity full: rules.test.ts
 */
export function checkCtxAccess(
  env: Env,
  regno: number,
  off: Bytes,
  size: Bytes,
  write: boolean,
  dstRegno: number,
): void {
  checkUnmoved(env, regno);
  const slot = accessed(env, off, size, write);
  if (!slot) {
    const message = `invalid bpf_context access off=${off} size=${size}`;
    env.write(`${message}\n`);
    env.writeLine(env.insnIdx, '; ');
    env.rejectLogged('EACCES', message);
  }
  env.maxCtxOffset = Math.max(env.maxCtxOffset, off + size);
  if (dstRegno < 0) return;
  const dst = env.reg(dstRegno);
  if (slot.type === SCALAR_VALUE) {
    dst.setUnknown();
    if (slot.range) narrow32(dst, slot.range);
    return;
  }
  dst.setPointer(slot.type);
  if (mayBeNull(slot.type)) dst.id = env.newId();
  dst.subregDef = 0;
  if (baseType(slot.type) === PTR_TO_BTF_ID) {
    dst.btf = env.request.kernelBtf;
    dst.btfId = slot.typeId;
  }
}
