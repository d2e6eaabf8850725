/**
 * Calls of kernel functions: arguments by BTF prototype and rules, results, RCU and preemption regions.
 *
 * Source: check_kfunc_call, check_kfunc_args, kernel/bpf/verifier.c, Linux 6.12.
 */
import { must } from '../../shared/assert.ts';
import { hasRule } from '../abi/releases.ts';
import { resolve, sizeOf } from '../btf/layout.ts';
import type { Btf } from '../btf/parse.ts';
import { Kind } from '../btf/types.ts';
import type { BtfParam, BtfType } from '../btf/types.ts';
import { isTrusted } from './branch.ts';
import { structIdsMatch } from './btf_walk.ts';
import { checkConstString } from './const_str.ts';
import { checkDynptr } from './dynptr.ts';
import type { Env } from './env.ts';
import { checkArgOffset } from './helper_arg.ts';
import type { IterPlace } from './iter_state.ts';
import { checkIterArg, forkIterNext, iterSlot } from './iter_state.ts';
import type { KfuncMeta } from './kfunc_meta.ts';
import { kfuncMeta } from './kfunc_meta.ts';
import { markRegRead } from './live.ts';
import { checkFixedMemArg, checkSizeArg } from './mem_arg.ts';
import { markPrecise } from './precision.ts';
import { acquireReference, releaseReference } from './refs.ts';
import { LIVE_READ32, LIVE_READ64, LIVE_WRITTEN } from './reg.ts';
import type { RegState } from './reg.ts';
import {
  CONST_PTR_TO_MAP,
  MEM_RCU,
  MEM_RDONLY,
  PTR_MAYBE_NULL,
  PTR_TO_BTF_ID,
  PTR_TO_CTX,
  PTR_TO_MEM,
  PTR_TO_SOCK_COMMON,
  PTR_TRUSTED,
  PTR_UNTRUSTED,
  SCALAR_VALUE,
  baseType,
  mayBeNull,
  regTypeName,
  typeFlags,
} from './reg_type.ts';
import { STACK_ITER } from './state.ts';

/** What the arguments of one call said. */
interface KfuncCall {
  readonly meta: KfuncMeta;
  releaseRegno: number;
  refObjId: number;
  iter: IterPlace | null;
  constant: bigint | null;
}

const KIND_NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(Kind).map(([name, kind]) => [kind, name]),
);
const kindName = (type: BtfType): string => KIND_NAMES.get(type.kind) ?? 'UNKN';
const isInteger = (type: BtfType): boolean =>
  type.kind === Kind.INT || type.kind === Kind.ENUM || type.kind === Kind.ENUM64;

const hasSuffix = (param: BtfParam | undefined, suffix: string): boolean =>
  param !== undefined && param.name.endsWith(suffix);

/** Scalars, or structs made of scalars only: what a kfunc may take as plain memory. */
function isPlainMemory(btf: Btf, id: number, depth = 0): boolean {
  const type = btf.type(resolve(btf, id));
  if (isInteger(type)) return true;
  if (type.kind === Kind.ARRAY) return isPlainMemory(btf, type.type, depth);
  if (type.kind !== Kind.STRUCT || depth > 4) return false;
  return type.members.every((member) => isPlainMemory(btf, member.type, depth + 1));
}

/** Base types other than BTF pointers that stand for a kernel struct. */
const AS_STRUCT: ReadonlyMap<number, string> = new Map([
  [PTR_TO_SOCK_COMMON, 'sock_common'],
  [CONST_PTR_TO_MAP, 'bpf_map'],
]);

function checkScalarArg(env: Env, call: KfuncCall, regno: number, param: BtfParam): void {
  const reg = env.reg(regno);
  if (reg.type !== SCALAR_VALUE) env.reject('EINVAL', `R${regno} is not a scalar`);
  if (!hasSuffix(param, '__k')) return;
  if (!reg.isConst) env.reject('EINVAL', `R${regno} must be a known constant`);
  markPrecise(env, regno);
  call.constant = reg.var.v;
}

function checkTrust(env: Env, call: KfuncCall, regno: number, byDefault: boolean): void {
  const { flags } = call.meta;
  const reg = env.reg(regno);
  const rcu = flags.has('RCU');
  if (!byDefault && !rcu) return;
  if (isTrusted(reg)) return;
  if (!rcu) env.reject('EINVAL', `R${regno} must be referenced or trusted`);
  if ((reg.type & MEM_RCU) === 0) env.reject('EINVAL', `R${regno} must be a rcu pointer`);
}

function checkStructArg(env: Env, call: KfuncCall, regno: number, wantId: number): void {
  const btf = env.request.kernelBtf;
  const reg = env.reg(regno);
  const base = baseType(reg.type);
  const want = btf.type(wantId);
  if (base === PTR_TO_BTF_ID && typeFlags(reg.type) & ~(PTR_TRUSTED | MEM_RCU) && !(reg.type & MEM_RCU))
    env.reject(
      'EINVAL',
      `arg#${regno - 1} is ${regTypeName(reg.type)} expected ${regTypeName(base | (reg.type & PTR_TRUSTED))} or socket`,
    );
  const stands = AS_STRUCT.get(base);
  const id = stands === undefined ? reg.btfId : btf.find(stands, Kind.STRUCT);
  const strict = call.meta.flags.has('RELEASE') && reg.refObjId !== 0;
  const { match, message } = structIdsMatch(btf, id, stands === undefined ? reg.off : 0, wantId, strict);
  if (match) return;
  if (message !== '') env.write(`${message}\n`);
  env.reject(
    'EINVAL',
    `kernel function ${call.meta.name} args#${regno - 1} expected pointer to ${kindName(want)} ${btf.nameOf(wantId)} but R${regno} has a pointer to ${kindName(btf.type(id))} ${btf.nameOf(id)}`,
  );
}

function checkPointerArg(env: Env, call: KfuncCall, index: number, byDefault: boolean): void {
  const { meta } = call;
  const btf = env.request.kernelBtf;
  const param = must(meta.params[index], 'parameter');
  const next = meta.params[index + 1];
  const regno = index + 1;
  const reg = env.reg(regno);
  const nullable = hasSuffix(param, '__nullable') || hasSuffix(param, '__opt');
  if ((byDefault || meta.flags.has('RCU')) && !nullable && (reg.isNull || mayBeNull(reg.type)))
    env.reject('EACCES', `Possibly NULL pointer passed to trusted arg${index}`);
  if (reg.refObjId !== 0) {
    call.refObjId = reg.refObjId;
    if (meta.flags.has('RELEASE')) call.releaseRegno = regno;
  }
  if (nullable && reg.isNull) return;
  const pointerType = btf.type(resolve(btf, param.type));
  const target = pointerType.kind === Kind.PTR ? resolve(btf, pointerType.type) : 0;
  const targetType = btf.type(target);
  const name = btf.nameOf(target);
  const releases = meta.flags.has('RELEASE') && reg.refObjId !== 0;
  const isIter =
    name.startsWith('bpf_iter_') &&
    (hasSuffix(param, '__iter') ||
      (index === 0 &&
        ['ITER_NEW', 'ITER_NEXT', 'ITER_DESTROY'].some((f) => meta.flags.has(f as 'ITER_NEW'))));
  if (isIter) {
    checkArgOffset(env, regno, releases, false);
    call.iter = checkIterArg(env, meta, regno, param.type);
    return;
  }
  if (name === 'bpf_dynptr' || name === 'bpf_dynptr_kern') {
    call.refObjId = checkDynptr(env, regno, 0).refObjId || call.refObjId;
    return;
  }
  if (hasSuffix(param, '__str')) return checkConstString(env, regno);
  const base = baseType(reg.type);
  if (base === PTR_TO_BTF_ID || AS_STRUCT.has(base)) {
    if (targetType.kind !== Kind.STRUCT && targetType.kind !== Kind.UNION)
      env.reject(
        'EINVAL',
        `kernel function ${meta.name} args#${index} pointer type ${kindName(targetType)} ${name} is not supported`,
      );
    checkTrust(env, call, regno, byDefault);
    checkArgOffset(env, regno, releases, false);
    return checkStructArg(env, call, regno, target);
  }
  const sized = hasSuffix(next, '__sz') || hasSuffix(next, '__szk');
  if (!isPlainMemory(btf, target) && !(sized && target === 0))
    env.reject(
      'EINVAL',
      `arg#${index} pointer type ${kindName(targetType)} ${name} must point to ${sized ? 'void, ' : ''}scalar, or struct with scalar`,
    );
  checkArgOffset(env, regno, releases, false);
  if (sized) checkSizeArg(env, regno + 1, true, true, null);
  else checkFixedMemArg(env, regno, sizeOf(btf, target));
}

function checkArgs(env: Env, call: KfuncCall): void {
  const { meta } = call;
  const btf = env.request.kernelBtf;
  const trusted =
    meta.flags.has('TRUSTED_ARGS') ||
    meta.flags.has('RELEASE') ||
    (hasRule(env.request.release, 'kfuncsTrustedByDefault') && !meta.flags.has('RCU'));
  meta.params.forEach((param, i) => {
    if (hasSuffix(param, '__ign')) return;
    const type = btf.type(resolve(btf, param.type));
    if (isInteger(type)) checkScalarArg(env, call, i + 1, param);
    else if (type.kind === Kind.PTR) checkPointerArg(env, call, i, trusted);
    else env.reject('EINVAL', `Unrecognized arg#${i} type ${kindName(type)}`);
  });
  if (meta.flags.has('RELEASE') && call.releaseRegno === 0)
    env.reject('EINVAL', `release kernel function ${meta.name} expects refcounted PTR_TO_BTF_ID`);
}

/** RCU pointers lose their protection. */
function endRcuSection(env: Env): void {
  const lose = (reg: RegState): void => {
    if (reg.type & MEM_RCU) reg.type = (reg.type & ~(MEM_RCU | PTR_MAYBE_NULL)) | PTR_UNTRUSTED;
  };
  env.state.forEachReg(lose);
  for (const frame of env.state.frame)
    for (let spi = 0; spi < frame.slots; spi++) if (frame.byte(spi, 7) === STACK_ITER) lose(frame.slot(spi));
}

/** The functions that open and close RCU read sections and preemption-disabled regions. */
function checkRegions(env: Env, meta: KfuncMeta): void {
  const { state } = env;
  const { name } = meta;
  const locks = name === 'bpf_rcu_read_lock';
  const unlocks = name === 'bpf_rcu_read_unlock';
  if (state.rcuLock) {
    if (locks) env.reject('EINVAL', `nested rcu read lock (kernel function ${name})`);
    if (meta.flags.has('SLEEPABLE'))
      env.reject('EACCES', `kernel func ${name} is sleepable within rcu_read_lock region`);
    if (unlocks) {
      endRcuSection(env);
      state.rcuLock = false;
    }
  } else if (locks) {
    state.rcuLock = true;
  } else if (unlocks) {
    env.reject('EINVAL', `unmatched rcu read unlock (kernel function ${name})`);
  }
  if (name === 'bpf_preempt_disable') state.preemptLock++;
  else if (name === 'bpf_preempt_enable') {
    if (state.preemptLock === 0)
      env.reject('EINVAL', `unmatched attempt to enable preemption (kernel function ${name})`);
    state.preemptLock--;
  } else if (state.preemptLock > 0 && meta.flags.has('SLEEPABLE')) {
    env.reject('EACCES', `kernel func ${name} is sleepable within non-preemptible region`);
  }
}

/** The pointer that bpf_rdonly_cast gives. */
function castResult(env: Env, call: KfuncCall, r0: RegState): void {
  const btf = env.request.kernelBtf;
  const id = Number(call.constant ?? 0n);
  const mem = hasRule(env.request.release, 'untrustedMemFromPointer');
  if (id === 0 && mem) {
    r0.setPointer(PTR_TO_MEM | MEM_RDONLY | PTR_UNTRUSTED);
    return;
  }
  if (btf.kind(id) !== Kind.STRUCT)
    env.reject(
      'EINVAL',
      `kfunc bpf_rdonly_cast type ID argument must be of a struct${mem ? ' or void' : ''}`,
    );
  r0.setPointer(PTR_TO_BTF_ID | PTR_UNTRUSTED);
  r0.btf = btf;
  r0.btfId = id;
}

function setPointerResult(env: Env, call: KfuncCall, target: number): void {
  const { meta } = call;
  const btf = env.request.kernelBtf;
  const r0 = env.reg(0);
  const type = btf.type(target);
  if (meta.name === 'bpf_rdonly_cast') castResult(env, call, r0);
  else if (type.kind === Kind.STRUCT || type.kind === Kind.UNION) {
    let flags = meta.name === 'bpf_get_kmem_cache' ? PTR_UNTRUSTED : 0;
    if (call.iter) flags = iterSlot(env.state, call.iter).type & MEM_RCU ? MEM_RCU : PTR_TRUSTED;
    r0.setPointer(PTR_TO_BTF_ID | flags);
    r0.btf = btf;
    r0.btfId = target;
  } else {
    const size = sizeOf(btf, target);
    if (size === 0)
      env.reject(
        'EINVAL',
        `kernel function ${meta.name} returns pointer type ${kindName(type)} ${btf.nameOf(target)} is not supported`,
      );
    r0.setPointer(PTR_TO_MEM | MEM_RDONLY);
    r0.memSize = size;
    r0.refObjId = call.iter?.refObjId ?? call.refObjId;
  }
  if (meta.flags.has('RET_NULL')) {
    r0.type |= PTR_MAYBE_NULL;
    r0.id = env.newId();
  }
  r0.live |= LIVE_WRITTEN;
  r0.subregDef = 0;
  if (meta.flags.has('ACQUIRE')) {
    const id = acquireReference(env, env.insnIdx);
    if (meta.flags.has('RET_NULL')) r0.id = id;
    r0.refObjId = id;
  }
}

/** Which half of each argument register the function reads. */
function markArgReads(env: Env, meta: KfuncMeta): void {
  const btf = env.request.kernelBtf;
  meta.params.forEach((param, i) => {
    const reg = env.reg(i + 1);
    const wide = sizeOf(btf, param.type) === 8;
    markRegRead(env, reg, reg.parent, wide ? LIVE_READ64 : LIVE_READ32);
  });
}

/**
 * `call` of a kernel function.
 *
 * @kernel check_kfunc_call, kernel/bpf/verifier.c
 * @fidelity partial: program-allocated objects, callbacks, bpf_throw and IRQ regions are refused
 */
export function checkKfuncCall(env: Env): void {
  const insn = env.insn(env.insnIdx);
  const btf = env.request.kernelBtf;
  if (insn.imm === 0) env.reject('EINVAL', 'invalid kernel function call not eliminated in verifier pass');
  const meta = kfuncMeta(env, insn.imm);
  if (meta.flags.has('SLEEPABLE') && !env.sleepableNow)
    env.reject('EACCES', `program must be sleepable to call sleepable kfunc ${meta.name}`);
  const call: KfuncCall = { meta, releaseRegno: 0, refObjId: 0, iter: null, constant: null };
  if (meta.name === 'bpf_cast_to_kern_ctx' && env.reg(1).type === PTR_TO_CTX)
    env.unsupported('bpf_cast_to_kern_ctx in iterator programs');
  checkArgs(env, call);
  checkRegions(env, meta);
  if (call.releaseRegno !== 0 && !releaseReference(env, env.reg(call.releaseRegno).refObjId))
    env.reject('EINVAL', `kfunc ${meta.name}#${insn.imm} reference has not been acquired before`);
  for (let i = 0; i <= 5; i++) env.reg(i).setNotInit();
  const result = resolve(btf, meta.result);
  const type = btf.type(result);
  if (isInteger(type)) {
    env.reg(0).setUnknown();
    env.reg(0).live |= LIVE_WRITTEN;
    env.reg(0).subregDef = sizeOf(btf, result) === 8 ? 0 : env.insnIdx + 1;
  } else if (type.kind === Kind.PTR) {
    setPointerResult(env, call, resolve(btf, type.type));
  }
  markArgReads(env, meta);
  if (meta.flags.has('ITER_NEXT') && call.iter) forkIterNext(env, call.iter);
}
