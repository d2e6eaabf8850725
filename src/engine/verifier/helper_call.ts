/**
 * Calls of helpers: may this program call it, are the arguments right, what comes back.
 *
 * Source: check_helper_call, kernel/bpf/verifier.c; tracing_prog_func_proto, kernel/trace/bpf_trace.c, Linux 6.12.
 */
import { must } from '../../shared/assert.ts';
import { HELPER_ID_MAX, helperName } from '../abi/helper_id.ts';
import { AttachType } from '../abi/uapi.ts';
import { resolve, sizeOf } from '../btf/layout.ts';
import { Kind } from '../btf/types.ts';
import { syncBounds } from './agree.ts';
import { checkSnprintf } from './const_str.ts';
import { releaseDynptr } from './dynptr.ts';
import type { Env } from './env.ts';
import type { CallMeta } from './helper_arg.ts';
import { checkHelperArg } from './helper_arg.ts';
import { checkNothingHeld } from './held.ts';
import type { HelperProto } from './helper_proto.ts';
import { offersHelper } from './helper_offer.ts';
import { helperProto } from './helper_proto.ts';
import { checkMapCompatible, checkMapWritable, isSocketMap } from './map_helpers.ts';
import { checkMemAccess } from './mem_access.ts';
import { markPrecise } from './precision.ts';
import type { SpecialField } from './record.ts';
import { acquireReference, dropReference, releaseReference } from './refs.ts';
import {
  MEM_ALLOC,
  MEM_PERCPU,
  MEM_RCU,
  MEM_RDONLY,
  MEM_RINGBUF,
  PTR_MAYBE_NULL,
  PTR_TO_BTF_ID,
  PTR_TO_MAP_VALUE,
  PTR_TO_MEM,
  PTR_TRUSTED,
  mayBeNull,
  regTypeName,
} from './reg_type.ts';
import { pushCallback, takesCallback } from './callback.ts';
import { clearCallerSaved } from './subprog_call.ts';

/** Helpers that take other arguments in network programs. */
const OTHER_IN_NET: ReadonlySet<string> = new Set([
  'bpf_get_socket_cookie',
  'bpf_sk_storage_get',
  'bpf_sk_storage_delete',
]);

/** Functions from which a path may be printed. @kernel btf_allowlist_d_path, kernel/trace/bpf_trace.c */
const D_PATH_FROM: ReadonlySet<string> = new Set([
  'security_file_permission',
  'security_inode_getattr',
  'security_file_open',
  'security_path_truncate',
  'vfs_truncate',
  'vfs_fallocate',
  'dentry_open',
  'vfs_getattr',
  'filp_close',
]);

/** The prototype, when this program may call the helper here. */
function callable(env: Env, id: number): HelperProto {
  const name = helperName(id);
  if (id <= 0 || id >= HELPER_ID_MAX) env.reject('EINVAL', `invalid func ${name}#${id}`);
  const { progType, attachType } = env;
  const trampoline = attachType !== AttachType.TRACE_ITER;
  const offered = progType !== null && offersHelper(progType, id, trampoline);
  const proto = helperProto(id);
  if (!offered || (proto?.targetOnly && !env.target?.extraHelpers.includes(name)))
    env.reject('EINVAL', `program of this type cannot use helper ${name}#${id}`);
  if (!proto || (env.progType?.helpers.includes('net') && OTHER_IN_NET.has(name)))
    return env.unsupported(`helper ${name}#${id}${trampoline ? ' of another program type' : ''}`);
  if (!env.request.gplCompatible && proto.gplOnly)
    env.reject('EINVAL', 'cannot call GPL-restricted function from non-GPL compatible program');
  if (name === 'bpf_d_path' && env.progName === 'TRACING' && trampoline && !D_PATH_FROM.has(env.attachName))
    env.reject('EINVAL', 'helper call is not allowed in probe');
  if (proto.mightSleep && !env.sleepableNow)
    env.reject('EINVAL', 'helper call might sleep in a non-sleepable prog');
  if (env.state.rcuLock && proto.mightSleep)
    env.reject('EINVAL', `sleepable helper ${name}#${id} in rcu_read_lock region`);
  if (env.state.preemptLock > 0 && proto.mightSleep)
    env.reject('EINVAL', `sleepable helper ${name}#${id} in non-preemptible region`);
  if (env.state.irqs.length > 0 && proto.mightSleep)
    env.reject('EINVAL', `sleepable helper ${name}#${id} in IRQ-disabled region`);
  return proto;
}

/** Stack memory the helper fills is data afterwards. */
function markFilled(env: Env, meta: CallMeta): void {
  const { regno, size } = meta.raw;
  for (let off = 0; off < size; off++)
    checkMemAccess(env, { regno, off, size: 1, write: true, value: -1, signed: false });
}

/** A pointer moved into a map is no longer owned; per-CPU memory stays readable until the section ends. */
function releaseIntoMap(env: Env, refObjId: number): boolean {
  if (!dropReference(env, refObjId)) return false;
  const { inRcuSection } = env;
  env.state.forEachReg((reg) => {
    if (reg.refObjId !== refObjId) return;
    if (!inRcuSection || !(reg.type & MEM_ALLOC) || !(reg.type & MEM_PERCPU)) return reg.setUnknown();
    reg.refObjId = 0;
    reg.type = (reg.type & ~MEM_ALLOC) | MEM_RCU;
  });
  return true;
}

function release(env: Env, meta: CallMeta, proto: HelperProto, id: number): void {
  if (meta.releaseRegno === 0) return;
  const reg = env.reg(meta.releaseRegno);
  if (proto.args[meta.releaseRegno - 1]?.kind === 'ringdyn') return releaseDynptr(env, meta.releaseRegno);
  if (meta.kptr && meta.refObjId !== 0 && releaseIntoMap(env, meta.refObjId)) return;
  if (meta.refObjId !== 0 ? releaseReference(env, meta.refObjId) : reg.isNull) return;
  env.reject('EINVAL', `func ${proto.name}#${id} reference has not been acquired before`);
}

/** Does the loop go round once more? */
function moreRounds(env: Env, proto: HelperProto): boolean {
  if (proto.name !== 'bpf_loop') return true;
  if (env.reg(4).isNull) markPrecise(env, 4);
  markPrecise(env, 1);
  const rounds = env.reg(1);
  // Linux takes the number of a pointer for 0 and never looks at the callback
  if (rounds.isPointer || BigInt(env.cur.callbackDepth) < rounds.umax) return true;
  env.cur.callbackDepth = 0;
  if (env.level2) env.write(`frame${env.state.curframe} bpf_loop iteration limit reached\n`);
  return false;
}

/** Nothing may be held when another program takes over. */
function checkTailCall(env: Env, meta: CallMeta): void {
  checkNothingHeld(env, 'tail_call');
  const index = env.reg(3);
  const entries = BigInt(meta.map?.maxEntries ?? 0);
  if (index.isConstIn(false) && index.var.v < entries) markPrecise(env, 3);
}

/** What bpf_kptr_xchg took out of the field. */
function setKptrResult(env: Env, field: SpecialField): void {
  const r0 = env.reg(0);
  const pointee = must(field.pointee, 'pointee of a kernel pointer');
  const local = pointee.btf !== env.request.kernelBtf;
  const percpu = field.kind === 'percpu_kptr' ? MEM_PERCPU : 0;
  r0.setPointer(PTR_TO_BTF_ID | PTR_MAYBE_NULL | (local ? MEM_ALLOC | percpu : 0));
  r0.btf = pointee.btf;
  r0.btfId = pointee.id;
}

/** The result of bpf_per_cpu_ptr and bpf_this_cpu_ptr: the variable itself. */
function setPercpuResult(env: Env, meta: CallMeta, nullable: boolean): void {
  const variable = must(meta.percpu, 'per-CPU argument');
  const btf = must(variable.btf, 'types of a per-CPU argument');
  const id = resolve(btf, variable.btfId);
  const kind = btf.kind(id);
  const r0 = env.reg(0);
  const flags = (variable.type & PTR_TRUSTED) | (nullable ? PTR_MAYBE_NULL : 0);
  if (kind === Kind.STRUCT || kind === Kind.UNION) {
    const own = variable.type & MEM_RCU ? MEM_ALLOC | MEM_RCU : flags;
    r0.setPointer(PTR_TO_BTF_ID | own);
    r0.btf = btf;
    r0.btfId = id;
    return;
  }
  r0.setPointer(PTR_TO_MEM | MEM_RDONLY | (nullable ? PTR_MAYBE_NULL : 0));
  r0.memSize = sizeOf(btf, id);
}

function setResult(env: Env, proto: HelperProto, meta: CallMeta): void {
  const { kind, nullable, struct } = proto.result;
  const btf = env.request.kernelBtf;
  const r0 = env.reg(0);
  const maybe = nullable ? PTR_MAYBE_NULL : 0;
  switch (kind) {
    case 'int':
      r0.setUnknown();
      break;
    case 'void':
      break;
    case 'value':
      r0.setPointer(PTR_TO_MAP_VALUE | maybe);
      r0.map = meta.map;
      r0.mapUid = meta.mapUid;
      break;
    case 'kptr':
      setKptrResult(env, must(meta.kptr, 'field of a kernel pointer'));
      break;
    case 'dynmem':
      r0.setPointer(PTR_TO_MEM | maybe);
      r0.memSize = meta.memSize;
      break;
    case 'mem':
      r0.setPointer(PTR_TO_MEM | MEM_RINGBUF | maybe);
      r0.memSize = meta.memSize;
      break;
    case 'percpu':
      setPercpuResult(env, meta, nullable);
      break;
    default:
      r0.setPointer(PTR_TO_BTF_ID | (kind === 'trusted' ? PTR_TRUSTED : 0) | maybe);
      r0.btf = btf;
      r0.btfId = btf.find(struct, Kind.STRUCT);
  }
  if (mayBeNull(r0.type)) r0.id = env.newId();
  if (kind === 'dynmem' && meta.dynptr) {
    r0.dynptrId = meta.dynptr.id;
    r0.refObjId = meta.dynptr.refObjId;
  }
  const socket = proto.name === 'bpf_map_lookup_elem' && isSocketMap(meta.map);
  if (proto.name === 'bpf_ringbuf_reserve' || kind === 'kptr' || socket) {
    const id = acquireReference(env, env.insnIdx);
    r0.id = id;
    r0.refObjId = id;
  }
  if (proto.name.startsWith('bpf_skc_to_')) r0.refObjId = meta.refObjId;
}

/** Helpers that return a length or an error. */
const LENGTHS: ReadonlySet<string> = new Set([
  'bpf_get_stack',
  'bpf_get_task_stack',
  'bpf_probe_read_str',
  'bpf_probe_read_kernel_str',
  'bpf_probe_read_user_str',
]);

/** Ranges that are known of some results. @kernel do_refine_retval_range @fidelity full: rules.test.ts */
function refineResult(env: Env, proto: HelperProto, meta: CallMeta): void {
  const r0 = env.reg(0);
  if (LENGTHS.has(proto.name)) {
    r0.smax = meta.sizeMax;
    r0.s32max = Number(BigInt.asIntN(32, meta.sizeMax));
    r0.smin = -4095n;
    r0.s32min = -4095;
    syncBounds(r0);
  } else if (proto.name === 'bpf_get_smp_processor_id') {
    const last = env.request.cpus - 1;
    r0.umax = r0.smax = BigInt(last);
    r0.u32max = r0.s32max = last;
    r0.umin = r0.smin = 0n;
    r0.u32min = r0.s32min = 0;
    syncBounds(r0);
  }
}

/** Is this call always made with this map; does this bpf_loop always call this function, without flags? */
function noteCall(env: Env, proto: HelperProto, meta: CallMeta): void {
  const known = env.calls.get(env.insnIdx);
  const start = env.subprogs[meta.subprog]?.start ?? -1;
  const loop = proto.name === 'bpf_loop' && env.reg(4).isNull ? start : -1;
  if (!known) env.calls.set(env.insnIdx, { map: meta.map, loop });
  else if (known.map !== meta.map || known.loop !== loop)
    env.calls.set(env.insnIdx, {
      map: known.map === meta.map ? known.map : null,
      loop: known.loop === loop ? loop : -1,
    });
}

/**
 * `call` of a helper.
 *
 * @kernel check_helper_call, kernel/bpf/verifier.c
 * @fidelity partial: helpers without a row in helper_proto.ts are refused
 */
export function checkHelperCall(env: Env): void {
  const id = env.insn(env.insnIdx).imm;
  const proto = callable(env, id);
  const meta: CallMeta = {
    map: null,
    raw: { raw: false, size: 0, regno: 0 },
    releaseRegno: 0,
    refObjId: 0,
    subprog: 0,
    memSize: 0,
    sizeMax: 0n,
    percpu: null,
    dynptr: null,
    kptr: null,
    mapUid: 0,
  };
  proto.args.forEach((_, i) => checkHelperArg(env, i, proto, meta));
  noteCall(env, proto, meta);
  checkMapWritable(env, meta.map, proto.name);
  markFilled(env, meta);
  release(env, meta, proto, id);
  if (proto.name === 'bpf_tail_call') checkTailCall(env, meta);
  if (takesCallback(proto.name) && moreRounds(env, proto)) pushCallback(env, proto.name, meta.subprog);
  if (proto.name === 'bpf_snprintf') checkSnprintf(env);
  if (proto.name === 'bpf_dynptr_from_mem' && env.reg(1).type !== PTR_TO_MAP_VALUE)
    env.reject('EACCES', `Unsupported reg type ${regTypeName(env.reg(1).type)} for bpf_dynptr_from_mem data`);
  clearCallerSaved(env);
  env.reg(0).subregDef = 0;
  setResult(env, proto, meta);
  refineResult(env, proto, meta);
  checkMapCompatible(env, meta.map, id, proto.name);
}
