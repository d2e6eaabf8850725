/**
 * What calls of kernel functions leave in R0.
 *
 * Source: check_kfunc_call, kernel/bpf/verifier.c, Linux 6.12.
 */
import { must } from '../../shared/assert.ts';
import { hasRule } from '../abi/releases.ts';
import { resolve, sizeOf } from '../btf/layout.ts';
import { Kind } from '../btf/types.ts';
import { setGraphNode, setNonOwning } from './collections.ts';
import type { Env } from './env.ts';
import { iterSlot } from './iter_state.ts';
import type { KfuncCall } from './kfunc_arg.ts';
import { isInteger, isPlainMemory, kindName } from './kfunc_arg.ts';
import { acquireReference } from './refs.ts';
import { LIVE_WRITTEN } from './reg.ts';
import type { RegState } from './reg.ts';
import {
  MEM_ALLOC,
  MEM_PERCPU,
  MEM_RCU,
  MEM_RDONLY,
  PTR_MAYBE_NULL,
  PTR_TO_BTF_ID,
  PTR_TO_MEM,
  PTR_TRUSTED,
  PTR_UNTRUSTED,
  baseType,
} from './reg_type.ts';
import { isLock, recordOf } from './record.ts';
import { recordOfReg } from './special_arg.ts';

type ResultRule = (env: Env, call: KfuncCall, r0: RegState) => void;

/** The pointer that bpf_rdonly_cast gives. */
const castResult: ResultRule = (env, call, r0) => {
  const btf = env.request.kernelBtf;
  const id = Number(call.constant ?? 0n);
  const mem = hasRule(env.request.release, 'untrustedMemFromPointer');
  if (id === 0 && mem) {
    r0.setPointer(PTR_TO_MEM | MEM_RDONLY | PTR_UNTRUSTED);
    return;
  }
  if (btf.kind(id) !== Kind.STRUCT && btf.kind(id) !== Kind.UNION)
    env.reject(
      'EINVAL',
      `kfunc bpf_rdonly_cast type ID argument must be of a struct${mem ? ' or void' : ''}`,
    );
  r0.setPointer(PTR_TO_BTF_ID | PTR_UNTRUSTED);
  r0.btf = btf;
  r0.btfId = id;
};

/** The kernel's own context. */
const kernelContext: ResultRule = (env, call, r0) => {
  r0.setPointer(PTR_TO_BTF_ID | PTR_TRUSTED);
  r0.btf = env.request.kernelBtf;
  r0.btfId = Number(call.constant ?? 0n);
};

const MAX_PERCPU_SIZE = 512;

/** A new object of one of the program's own types. */
const newObject: ResultRule = (env, call, r0) => {
  const { progBtf, kernelBtf } = env.request;
  const percpu = call.meta.name === 'bpf_percpu_obj_new_impl';
  const id = call.constant ?? 0n;
  if (id !== BigInt.asUintN(32, id))
    env.reject('EINVAL', 'local type ID argument must be in range [0, U32_MAX]');
  if (!progBtf) return env.reject('EINVAL', 'bpf_obj_new/bpf_percpu_obj_new requires prog BTF');
  const type = progBtf.type(Number(id));
  if (type.kind !== Kind.STRUCT)
    return env.reject('EINVAL', 'bpf_obj_new/bpf_percpu_obj_new type ID argument must be of a struct');
  if (percpu) {
    if (type.size > MAX_PERCPU_SIZE)
      env.reject('EINVAL', `bpf_percpu_obj_new type size (${type.size}) is greater than ${MAX_PERCPU_SIZE}`);
    if (!isPlainMemory(progBtf, Number(id)))
      env.reject('EINVAL', 'bpf_percpu_obj_new type ID argument must be of a struct of scalars');
    if (recordOf(progBtf, kernelBtf, Number(id)).length > 0)
      env.reject('EINVAL', 'bpf_percpu_obj_new type ID argument must not contain special fields');
  }
  r0.setPointer(PTR_TO_BTF_ID | MEM_ALLOC | (percpu ? MEM_PERCPU : 0));
  r0.btf = progBtf;
  r0.btfId = Number(id);
};

const sameObject: ResultRule = (_env, call, r0) => {
  const object = must(call.object, 'object of the program');
  r0.setPointer(PTR_TO_BTF_ID | MEM_ALLOC);
  r0.btf = object.btf;
  r0.btfId = object.id;
};

const graphNode: ResultRule = (_env, call, r0) =>
  setGraphNode(r0, must(must(call.root, 'list or tree').root, 'objects of a list or tree'));

const slice: ResultRule = (_env, call, r0) => {
  r0.setPointer(PTR_TO_MEM | (call.meta.name === 'bpf_dynptr_slice' ? MEM_RDONLY : 0));
  r0.memSize = Number(call.constant ?? 0n);
  r0.dynptrId = must(call.dynptr, 'dynptr of a slice').id;
};

/** Functions whose result BTF does not describe. */
const SPECIAL: Readonly<Record<string, ResultRule>> = {
  bpf_cast_to_kern_ctx: kernelContext,
  bpf_rdonly_cast: castResult,
  bpf_obj_new_impl: newObject,
  bpf_percpu_obj_new_impl: newObject,
  bpf_refcount_acquire_impl: sameObject,
  bpf_list_pop_front: graphNode,
  bpf_list_pop_back: graphNode,
  bpf_rbtree_remove: graphNode,
  bpf_rbtree_first: graphNode,
  bpf_dynptr_slice: slice,
  bpf_dynptr_slice_rdwr: slice,
};

/** A pointer as BTF describes it. */
function plainPointer(env: Env, call: KfuncCall, target: number): void {
  const btf = env.request.kernelBtf;
  const r0 = env.reg(0);
  const type = btf.type(target);
  if (type.kind === Kind.VOID) {
    r0.setUnknown();
  } else if (type.kind === Kind.STRUCT || type.kind === Kind.UNION) {
    let flags = call.meta.name === 'bpf_get_kmem_cache' ? PTR_UNTRUSTED : 0;
    if (call.iter) flags = iterSlot(env.state, call.iter).type & MEM_RCU ? MEM_RCU : PTR_TRUSTED;
    r0.setPointer(PTR_TO_BTF_ID | flags);
    r0.btf = btf;
    r0.btfId = target;
  } else {
    const size = call.resultSize || sizeOf(btf, target);
    if (size === 0)
      env.reject(
        'EINVAL',
        `kernel function ${call.meta.name} returns pointer type ${kindName(type)} ${btf.nameOf(target)} is not supported`,
      );
    r0.setPointer(PTR_TO_MEM | (call.resultSize === 0 || call.resultReadOnly ? MEM_RDONLY : 0));
    r0.memSize = size;
    r0.refObjId = call.iter?.refObjId ?? call.refObjId;
  }
}

/** May fail, unless the caller owned the object all along. */
const mayFail = ({ meta, owns }: KfuncCall): boolean =>
  meta.flags.has('RET_NULL') && !(meta.name === 'bpf_refcount_acquire_impl' && owns);

function setPointerResult(env: Env, call: KfuncCall, target: number): void {
  const { meta } = call;
  const r0 = env.reg(0);
  const special = SPECIAL[meta.name];
  if (special) special(env, call, r0);
  else plainPointer(env, call, target);
  const nullable = mayFail(call);
  if (nullable) {
    r0.type |= PTR_MAYBE_NULL;
    r0.id = env.newId();
  }
  r0.live |= LIVE_WRITTEN;
  r0.subregDef = 0;
  if (meta.flags.has('ACQUIRE')) {
    const id = acquireReference(env, env.insnIdx);
    if (nullable) r0.id = id;
    r0.refObjId = id;
  } else if (meta.name === 'bpf_rbtree_first') {
    setNonOwning(env, r0);
  }
  const locks = baseType(r0.type) === PTR_TO_BTF_ID && r0.type & MEM_ALLOC && r0.id === 0;
  if (locks && recordOfReg(env, r0).some((field) => isLock(field.kind))) r0.id = env.newId();
}

/** R0 after the call. */
export function setKfuncResult(env: Env, call: KfuncCall): void {
  const btf = env.request.kernelBtf;
  const result = resolve(btf, call.meta.result);
  const type = btf.type(result);
  if (isInteger(type)) {
    env.reg(0).setUnknown();
    env.reg(0).live |= LIVE_WRITTEN;
    env.reg(0).subregDef = sizeOf(btf, result) === 8 ? 0 : env.insnIdx + 1;
  } else if (type.kind === Kind.PTR) {
    setPointerResult(env, call, resolve(btf, type.type));
  }
}
