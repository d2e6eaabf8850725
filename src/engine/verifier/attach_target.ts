/**
 * What a tracing program attaches to: the kernel function or tracepoint whose parameters are its context.
 *
 * Source: check_attach_btf_id, bpf_check_attach_target, kernel/bpf/verifier.c, Linux 6.12.
 */
import type { TypeId } from '../../shared/brand.ts';
import { TARGET_NAMES, hasTarget } from '../abi/releases.ts';
import { AttachType } from '../abi/uapi.ts';
import { Kind } from '../btf/types.ts';
import type { BtfType } from '../btf/types.ts';
import type { Env } from './env.ts';
import { isDisabledHook, isLsmHook, isSleepableHook } from './lsm_hooks.ts';

const ITER_PREFIX = 'bpf_iter_';
const TRACE_PREFIX = 'btf_trace_';

/** An iterator's target must be one that is registered. @kernel bpf_iter_prog_supported, kernel/bpf/bpf_iter.c @fidelity full: rules.test.ts */
function attachIterator(env: Env, func: string): void {
  const name = func.slice(ITER_PREFIX.length);
  const later = TARGET_NAMES.includes(name) && !hasTarget(env.request.release, name);
  if (!func.startsWith(ITER_PREFIX) || later) env.reject('EINVAL', '', null);
  env.target = env.request.target(name);
  if (!env.target) env.reject('EINVAL', '', null);
}

/** A tracepoint's prototype: `typedef void (*btf_trace_x)(void *, ...)`, of which the first is not an argument. */
function tracepointProto(env: Env, id: TypeId, type: BtfType, name: string): TypeId {
  const btf = env.request.kernelBtf;
  if (type.kind !== Kind.TYPEDEF) return env.reject('EINVAL', `attach_btf_id ${id} is not a typedef`, null);
  if (!name.startsWith(TRACE_PREFIX))
    env.reject('EINVAL', `attach_btf_id ${id} points to wrong type name ${name}`, null);
  const pointer = btf.type(type.type);
  const proto = pointer.kind === Kind.PTR ? pointer.type : 0;
  if (btf.kind(proto) !== Kind.FUNC_PROTO) env.reject('EINVAL', '', null);
  return proto;
}

/** Sleepable programs of this type exist. @kernel can_be_sleepable @fidelity full: cases.test.ts */
function canBeSleepable(env: Env): boolean {
  const { progName, attachType } = env;
  if (progName === 'TRACING') return attachType !== AttachType.TRACE_RAW_TP;
  return progName === 'LSM' || progName === 'KPROBE' || progName === 'SYSCALL';
}

/** @kernel bpf_lsm_verify_prog, kernel/bpf/bpf_lsm.c @fidelity full: rules.test.ts */
function checkLsmHook(env: Env, id: TypeId, name: string): void {
  if (env.request.sleepable && !isSleepableHook(name)) env.reject('EINVAL', `${name} is not sleepable`, null);
  if (!env.request.gplCompatible)
    env.reject('EINVAL', 'LSM programs must have a GPL compatible license', null);
  if (isDisabledHook(name)) env.reject('EINVAL', `attach_btf_id ${id} points to disabled hook ${name}`, null);
  if (!isLsmHook(name)) env.reject('EINVAL', `attach_btf_id ${id} points to wrong type name ${name}`, null);
}

/**
 * Finds the attach target and notes its prototype.
 *
 * @kernel check_attach_btf_id, kernel/bpf/verifier.c
 * @fidelity partial: other programs as targets and error injection lists are not known
 */
export function checkAttachTarget(env: Env): void {
  const { attachBtfId: id, kernelBtf: btf, sleepable } = env.request;
  if (env.progName === 'SYSCALL' && !sleepable)
    env.reject('EINVAL', 'Syscall programs can only be sleepable', null);
  if (sleepable && !canBeSleepable(env))
    env.reject(
      'EINVAL',
      'Only fentry/fexit/fmod_ret, lsm, iter, uprobe, and struct_ops programs can be sleepable',
      null,
    );
  if (env.progName !== 'TRACING' && env.progName !== 'LSM') return;
  if (id === 0) env.reject('EINVAL', 'Tracing programs must provide btf_id', null);
  const type = btf.type(id);
  if (type.kind === Kind.VOID) env.reject('EINVAL', `attach_btf_id ${id} is invalid`, null);
  const name = btf.nameOf(id);
  if (name === '') env.reject('EINVAL', `attach_btf_id ${id} doesn't have a name`, null);
  if (env.attachType === AttachType.TRACE_RAW_TP) {
    env.attachProto = tracepointProto(env, id, type, name);
    env.attachName = name.slice(TRACE_PREFIX.length);
    return;
  }
  if (type.kind !== Kind.FUNC) return env.reject('EINVAL', `attach_btf_id ${id} is not a function`, null);
  if (env.attachType === AttachType.TRACE_ITER) attachIterator(env, type.name);
  if (env.progName === 'LSM') checkLsmHook(env, id, type.name);
  env.attachName = type.name;
  env.attachProto = type.type;
}
