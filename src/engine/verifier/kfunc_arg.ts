/**
 * Arguments of kernel functions. What an argument is follows from its BTF type and the suffix of its name;
 * each kind has a rule.
 *
 *     name__ign not looked at      __k a constant          __sz, __szk length of the pointer before
 *     __nullable __opt may be NULL __str constant string   __map a map     __iter an iterator
 *     __alloc __refcounted_kptr    objects of the program  __uninit a dynptr to make
 *     __irq_flag                   saved interrupt flags
 *
 * Source: check_kfunc_args, get_kfunc_ptr_arg_type, kernel/bpf/verifier.c, Linux 6.12.
 */
import { must } from '../../shared/assert.ts';
import { hasRule } from '../abi/releases.ts';
import type { TypeId } from '../../shared/brand.ts';
import { findMember, resolve, sizeOf } from '../btf/layout.ts';
import type { Btf } from '../btf/parse.ts';
import { Kind } from '../btf/types.ts';
import type { BtfParam, BtfType } from '../btf/types.ts';
import { isTrusted } from './branch.ts';
import { structIdsMatch } from './btf_walk.ts';
import { checkConstString } from './const_str.ts';
import { checkDynptr } from './dynptr.ts';
import type { Env } from './env.ts';
import { checkArgOffset } from './helper_arg.ts';
import { checkIrqFlag } from './irq_flag.ts';
import type { IterPlace } from './iter_state.ts';
import { checkIterArg } from './iter_state.ts';
import { checkGraphNode, checkGraphRoot, checkOwnedObject } from './kfunc_graph.ts';
import type { KfuncMeta } from './kfunc_meta.ts';
import { checkResLock } from './lock_arg.ts';
import { checkFixedMemArg, checkKfuncSizeArg } from './mem_arg.ts';
import { markPrecise } from './precision.ts';
import { mapRecord } from './record.ts';
import type { SpecialField, TypeRef } from './record.ts';
import type { RegState } from './reg.ts';
import {
  CONST_PTR_TO_MAP,
  MEM_ALLOC,
  MEM_PERCPU,
  MEM_RCU,
  NON_OWN_REF,
  PTR_TO_BTF_ID,
  PTR_TO_CTX,
  PTR_TO_FUNC,
  PTR_TO_MAP_VALUE,
  PTR_TO_SOCK_COMMON,
  PTR_TO_SOCKET,
  PTR_TRUSTED,
  SCALAR_VALUE,
  baseType,
  mayBeNull,
  regTypeName,
  typeFlags,
} from './reg_type.ts';
import type { MapInfo } from './request.ts';
import { recordOfReg } from './special_arg.ts';

/** What the arguments of one call said. */
export interface KfuncCall {
  readonly meta: KfuncMeta;
  releaseRegno: number;
  refObjId: number;
  iter: IterPlace | null;
  constant: bigint | null;
  /** Size of the memory that is returned, from an argument; 0: not said. */
  resultSize: number;
  resultReadOnly: boolean;
  /** The program's object that the call works on. */
  object: TypeRef | null;
  /** List or tree. */
  root: SpecialField | null;
  dynptr: RegState | null;
  map: MapInfo | null;
  mapUid: number;
  subprog: number;
  /** bpf_refcount_acquire was given a reference that owns: it cannot fail. */
  owns: boolean;
}

export const newKfuncCall = (meta: KfuncMeta): KfuncCall => ({
  meta,
  releaseRegno: 0,
  refObjId: 0,
  iter: null,
  constant: null,
  resultSize: 0,
  resultReadOnly: false,
  object: null,
  root: null,
  dynptr: null,
  map: null,
  mapUid: 0,
  subprog: 0,
  owns: false,
});

const KIND_NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(Kind).map(([name, kind]) => [kind, name]),
);
export const kindName = (type: BtfType): string =>
  type.kind === Kind.VOID ? 'UNKNOWN' : (KIND_NAMES.get(type.kind) ?? 'UNKN');
export const isInteger = (type: BtfType): boolean =>
  type.kind === Kind.INT || type.kind === Kind.ENUM || type.kind === Kind.ENUM64;

const hasSuffix = (param: BtfParam | undefined, suffix: string): boolean =>
  param !== undefined && param.name.endsWith(suffix);

/** Scalars, or structs made of scalars only: what a kfunc may take as plain memory. */
export function isPlainMemory(btf: Btf, id: number, depth = 0): boolean {
  const type = btf.type(resolve(btf, id));
  if (isInteger(type)) return true;
  if (type.kind === Kind.ARRAY) return isPlainMemory(btf, type.type, depth);
  if (type.kind !== Kind.STRUCT || depth > 4) return false;
  return type.members.every((member) => isPlainMemory(btf, member.type, depth + 1));
}

/** Base types other than BTF pointers that stand for a kernel struct. */
const AS_STRUCT: ReadonlyMap<number, string> = new Map([
  [PTR_TO_SOCK_COMMON, 'sock_common'],
  [PTR_TO_SOCKET, 'sock'],
  [CONST_PTR_TO_MAP, 'bpf_map'],
]);

/** One pointer argument on its way through the rules. */
interface PointerArg {
  readonly env: Env;
  readonly call: KfuncCall;
  readonly index: number;
  readonly regno: number;
  readonly reg: RegState;
  readonly param: BtfParam;
  readonly next: BtfParam | undefined;
  /** What is pointed to, without modifiers. */
  readonly target: number;
  readonly type: BtfType;
  readonly name: string;
}
type Rule = (arg: PointerArg) => void;

const refuse = ({ env, index }: PointerArg, message: string): never =>
  env.reject('EINVAL', `arg#${index} ${message}`);

const LOCAL_OBJECT = PTR_TO_BTF_ID | MEM_ALLOC;

/** An object that bpf_obj_drop or bpf_percpu_obj_drop gives back. */
const dropped: Rule = (arg) => {
  const { env, call, reg } = arg;
  const { name } = call.meta;
  if (reg.type === LOCAL_OBJECT) {
    if (name !== 'bpf_obj_drop_impl') refuse(arg, 'expected for bpf_obj_drop_impl()');
  } else if (reg.type === (LOCAL_OBJECT | MEM_PERCPU)) {
    if (name !== 'bpf_percpu_obj_drop_impl') refuse(arg, 'expected for bpf_percpu_obj_drop_impl()');
  } else {
    refuse(arg, 'expected pointer to allocated object');
  }
  if (reg.refObjId === 0) env.reject('EINVAL', 'allocated object must be referenced');
  call.object = { btf: must(reg.btf, 'types of an object'), id: reg.btfId };
};

const counted: Rule = (arg) => {
  const { env, call, reg } = arg;
  if (baseType(reg.type) !== PTR_TO_BTF_ID || !(reg.type & MEM_ALLOC))
    refuse(arg, 'is neither owning or non-owning ref');
  call.owns = !(reg.type & NON_OWN_REF) && reg.refObjId !== 0;
  if (!recordOfReg(env, reg).some((field) => field.kind === 'bpf_refcount'))
    refuse(arg, "doesn't point to a type with bpf_refcount field");
  call.object = { btf: must(reg.btf, 'types of an object'), id: reg.btfId };
};

const dynptr: Rule = ({ env, call, regno, param }) => {
  const { name } = call.meta;
  const made = hasSuffix(param, '__uninit');
  const clone = name === 'bpf_dynptr_clone' && made && call.dynptr;
  const known = checkDynptr(env, regno, {
    type: clone ? clone.dynptrType : 0,
    made,
    shareRef: clone ? clone.refObjId : 0,
  });
  if (!made) call.dynptr = known.clone();
};

const iterator: Rule = ({ env, call, regno, param }) => {
  const name = 'bpf_iter_css_task_new';
  const allowed = env.progName === 'LSM' || env.target !== null || env.request.sleepable;
  if (call.meta.name === name && !allowed)
    env.reject('EINVAL', 'css_task_iter is only allowed in bpf_lsm, bpf_iter and sleepable progs');
  call.iter = checkIterArg(env, call.meta, regno, param.type);
};

const listHead: Rule = (arg) => {
  checkOwnedRoot(arg);
  arg.call.root = checkGraphRoot(arg.env, arg.regno, 'bpf_list_head');
};
const rbRoot: Rule = (arg) => {
  checkOwnedRoot(arg);
  arg.call.root = checkGraphRoot(arg.env, arg.regno, 'bpf_rb_root');
};
function checkOwnedRoot(arg: PointerArg): void {
  const { env, reg } = arg;
  if (reg.type !== PTR_TO_MAP_VALUE && reg.type !== LOCAL_OBJECT)
    refuse(arg, 'expected pointer to map value or allocated object');
  if (reg.type === LOCAL_OBJECT && reg.refObjId === 0)
    env.reject('EINVAL', 'allocated object must be referenced');
}

const listNode: Rule = ({ env, call, regno, index }) => {
  checkOwnedObject(env, regno, index);
  call.object = checkGraphNode(env, regno, 'bpf_list_node', call.root);
};
const rbNode: Rule = ({ env, call, regno, index }) => {
  checkOwnedObject(env, regno, index, call.meta.name);
  call.object = checkGraphNode(env, regno, 'bpf_rb_node', call.root);
};

const constString: Rule = (arg) => {
  if (arg.reg.type !== PTR_TO_MAP_VALUE) refuse(arg, "doesn't point to a const string");
  checkConstString(arg.env, arg.regno);
};

const workQueue: Rule = (arg) => {
  const { env, call, reg } = arg;
  if (reg.type !== PTR_TO_MAP_VALUE) refuse(arg, "doesn't point to a map value");
  const at = reg.off + reg.constValue;
  const field = recordOfReg(env, reg).find((one) => one.kind === 'bpf_wq');
  if (field?.offset !== at)
    env.reject('EINVAL', `off ${at} doesn't point to 'struct bpf_wq' that is at ${field?.offset ?? -22}`);
  call.map = reg.map;
  call.mapUid = reg.mapUid;
};

const resLock: Rule = ({ env, call, regno }) => checkResLock(env, call.meta.name, regno);
const irqFlag: Rule = ({ env, call, regno }) => checkIrqFlag(env, call.meta.name, regno);

const callback: Rule = ({ env, call, reg, index }) => {
  if (reg.type !== PTR_TO_FUNC) env.reject('EINVAL', `arg${index} expected pointer to func`);
  call.subprog = reg.subprog;
};

const context: Rule = (arg) => {
  if (arg.reg.type !== PTR_TO_CTX)
    refuse(arg, `expected pointer to ctx, but got ${regTypeName(arg.reg.type)}`);
  arg.call.constant = BigInt(kernelContext(arg.env));
};

/**
 * The kernel's own struct behind the context of programs of this type.
 *
 * @kernel get_kern_ctx_btf_id, kernel/bpf/btf.c
 * @fidelity partial: no test runs it
 */
function kernelContext(env: Env): TypeId {
  const { kernelBtf } = env.request;
  const contexts = kernelBtf.find('bpf_ctx_convert', Kind.STRUCT);
  const member = contexts > 0 && findMember(kernelBtf, contexts, `BPF_PROG_TYPE_${env.progName}_kern`);
  if (!member) return env.unsupported('bpf_cast_to_kern_ctx');
  if (kernelBtf.kind(member.type) !== Kind.STRUCT)
    env.reject('EINVAL', `kern ctx type id ${member.type} is not a struct`);
  return member.type;
}

/** A pointer to the struct, or to one that begins with it. */
const kernelObject: Rule = (arg) => {
  const { env, call, regno, reg, target, type } = arg;
  const btf = env.request.kernelBtf;
  const base = baseType(reg.type);
  const rcu = (reg.type & MEM_RCU) !== 0;
  if (
    base === PTR_TO_BTF_ID
      ? typeFlags(reg.type) & ~(PTR_TRUSTED | MEM_ALLOC | NON_OWN_REF) && !rcu
      : !AS_STRUCT.has(base)
  )
    refuse(
      arg,
      `is ${regTypeName(reg.type)} expected ${regTypeName(base | (reg.type & (PTR_TRUSTED | MEM_ALLOC)))} or socket`,
    );
  const stands = AS_STRUCT.get(base);
  const own = stands === undefined ? must(reg.btf, 'types of an object') : btf;
  const id = stands === undefined ? reg.btfId : btf.find(stands, Kind.STRUCT);
  const strict = call.meta.flags.has('RELEASE') && reg.refObjId !== 0;
  const off = stands === undefined ? reg.off : 0;
  const matched = own === btf ? structIdsMatch(btf, id, off, target, strict) : { match: false, message: '' };
  if (matched.match) return;
  if (matched.message !== '') env.write(`${matched.message}\n`);
  env.reject(
    'EINVAL',
    `kernel function ${call.meta.name} args#${arg.index} expected pointer to ${kindName(type)} ${btf.nameOf(target)} but R${regno} has a pointer to ${kindName(own.type(id))} ${own.nameOf(id)}`,
  );
};

/** A map that the program names, or one that it was handed as an object of the kernel. */
const map: Rule = (arg) => {
  const { env, call, reg, regno } = arg;
  const { kernelBtf } = env.request;
  if (!reg.map && baseType(reg.type) !== PTR_TO_BTF_ID)
    return env.reject('EINVAL', `pointer in R${regno} isn't map pointer`);
  const target = kernelBtf.find('bpf_map', Kind.STRUCT);
  const hasQueue = reg.map && mapRecord(reg.map, kernelBtf).some((field) => field.kind === 'bpf_wq');
  if (call.map && hasQueue && (call.map !== reg.map || call.mapUid !== reg.mapUid))
    env.reject(
      'EINVAL',
      `workqueue pointer in R1 map_uid=${call.mapUid} doesn't match map pointer in R2 map_uid=${reg.mapUid}`,
    );
  call.map = reg.map;
  call.mapUid = reg.mapUid;
  checkTrust(arg);
  kernelObject({ ...arg, target, type: kernelBtf.type(target) });
};

/** Plain memory of the size of its type. */
const memory: Rule = (arg) => {
  const { env, regno, target } = arg;
  checkFixedMemArg(env, regno, sizeOf(env.request.kernelBtf, target));
};

/** Memory whose length is the next argument. */
const sizedMemory: Rule = (arg) => {
  const { env, call, regno, reg, index, param, next } = arg;
  if (!(reg.isNull && hasSuffix(param, '__opt')))
    env.explained(
      () => checkKfuncSizeArg(env, regno + 1),
      `arg#${index} arg#${index + 1} memory, len pair leads to invalid memory access`,
    );
  if (!hasSuffix(next, '__szk')) return;
  const size = env.reg(regno + 1);
  if (!size.isConst) env.reject('EINVAL', `R${regno + 1} must be a known constant`);
  call.constant = size.var.v;
};

/** Structs that an argument may point to by name. */
const BY_STRUCT: Readonly<Record<string, Rule>> = {
  bpf_dynptr: dynptr,
  bpf_dynptr_kern: dynptr,
  bpf_list_head: listHead,
  bpf_list_node: listNode,
  bpf_rb_root: rbRoot,
  bpf_rb_node: rbNode,
  bpf_wq: workQueue,
  bpf_res_spin_lock: resLock,
};

const isIterator = ({ call, index, param, name }: PointerArg): boolean => {
  const { flags } = call.meta;
  const own = flags.has('ITER_NEW') || flags.has('ITER_NEXT') || flags.has('ITER_DESTROY');
  return name.startsWith('bpf_iter_') && (hasSuffix(param, '__iter') || (index === 0 && own));
};

/** @kernel get_kfunc_ptr_arg_type, kernel/bpf/verifier.c @fidelity partial: contexts of other program types */
function ruleOf(arg: PointerArg): Rule {
  const { env, call, param, reg, next, type, target, name, index } = arg;
  if (call.meta.name === 'bpf_cast_to_kern_ctx') return context;
  if (hasSuffix(param, '__alloc')) return dropped;
  if (hasSuffix(param, '__refcounted_kptr')) return counted;
  if (isIterator(arg)) return iterator;
  const byStruct = type.kind === Kind.STRUCT ? BY_STRUCT[name] : undefined;
  if (byStruct) return byStruct;
  if (hasSuffix(param, '__str')) return constString;
  if (hasSuffix(param, '__map')) return map;
  if (hasSuffix(param, '__irq_flag')) return irqFlag;
  if (baseType(reg.type) === PTR_TO_BTF_ID || AS_STRUCT.has(baseType(reg.type))) {
    if (type.kind !== Kind.STRUCT && type.kind !== Kind.UNION)
      env.reject(
        'EINVAL',
        `kernel function ${call.meta.name} args#${index} pointer type ${kindName(type)} ${name} is not supported`,
      );
    return kernelObject;
  }
  if (type.kind === Kind.FUNC_PROTO) return callback;
  const sized =
    (hasSuffix(next, '__sz') || hasSuffix(next, '__szk')) && env.reg(arg.regno + 1).type === SCALAR_VALUE;
  if (!isPlainMemory(env.request.kernelBtf, target) && !(sized && type.kind === Kind.VOID))
    refuse(
      arg,
      `pointer type ${kindName(type)} ${name} must point to ${sized ? 'void, ' : ''}scalar, or struct with scalar`,
    );
  return sized ? sizedMemory : memory;
}

const TRUSTED_RULES: ReadonlySet<Rule> = new Set([kernelObject, dropped]);

function trustsByDefault(env: Env, { flags }: KfuncMeta): boolean {
  if (flags.has('TRUSTED_ARGS') || flags.has('RELEASE')) return true;
  return hasRule(env.request.release, 'kfuncsTrustedByDefault') && !flags.has('RCU');
}

function checkTrust({ env, call, regno, reg }: PointerArg): void {
  const rcu = call.meta.flags.has('RCU');
  if ((!rcu && !trustsByDefault(env, call.meta)) || isTrusted(reg)) return;
  if (!rcu) env.reject('EINVAL', `R${regno} must be referenced or trusted`);
  if ((reg.type & MEM_RCU) === 0) env.reject('EINVAL', `R${regno} must be a rcu pointer`);
}

/** @returns true when the next argument was this one's length */
function checkPointerArg(env: Env, call: KfuncCall, index: number): boolean {
  const { meta } = call;
  const btf = env.request.kernelBtf;
  const param = must(meta.params[index], 'parameter');
  const regno = index + 1;
  const reg = env.reg(regno);
  const nullable = hasSuffix(param, '__nullable');
  const trusts = trustsByDefault(env, meta) || meta.flags.has('RCU');
  if (trusts && !nullable && (reg.isNull || mayBeNull(reg.type)))
    env.reject('EACCES', `Possibly NULL pointer passed to trusted arg${index}`);
  if (reg.refObjId !== 0) {
    call.refObjId = reg.refObjId;
    if (meta.flags.has('RELEASE')) call.releaseRegno = regno;
  }
  if (nullable && reg.isNull) return false;
  const pointer = btf.type(resolve(btf, param.type));
  const target = pointer.kind === Kind.PTR ? resolve(btf, pointer.type) : 0;
  const arg: PointerArg = {
    env,
    call,
    index,
    regno,
    reg,
    param,
    next: meta.params[index + 1],
    target,
    type: btf.type(target),
    name: btf.nameOf(target),
  };
  const rule = ruleOf(arg);
  if (TRUSTED_RULES.has(rule)) checkTrust(arg);
  checkArgOffset(env, regno, meta.flags.has('RELEASE') && reg.refObjId !== 0, false);
  rule(arg);
  return rule === sizedMemory;
}

function checkScalarArg(env: Env, call: KfuncCall, regno: number, param: BtfParam): void {
  const reg = env.reg(regno);
  if (reg.type !== SCALAR_VALUE) env.reject('EINVAL', `R${regno} is not a scalar`);
  const rdonly = param.name === 'rdonly_buf_size';
  if (hasSuffix(param, '__k')) {
    if (!reg.isConst) env.reject('EINVAL', `R${regno} must be a known constant`);
    call.constant = reg.var.v;
  } else if (rdonly || param.name === 'rdwr_buf_size') {
    if (!reg.isConst) env.reject('EINVAL', `R${regno} is not a const`);
    call.resultSize = Number(reg.var.v);
    call.resultReadOnly = rdonly;
  } else {
    return;
  }
  markPrecise(env, regno);
}

/**
 * Every argument of a call.
 *
 * @kernel check_kfunc_args, kernel/bpf/verifier.c
 * @fidelity partial: contexts of other program types
 */
export function checkKfuncArgs(env: Env, call: KfuncCall): void {
  const { meta } = call;
  const btf = env.request.kernelBtf;
  for (let i = 0; i < meta.params.length; i++) {
    const param = must(meta.params[i], 'parameter');
    if (hasSuffix(param, '__ign')) continue;
    const type = btf.type(resolve(btf, param.type));
    if (isInteger(type)) checkScalarArg(env, call, i + 1, param);
    else if (type.kind !== Kind.PTR) env.reject('EINVAL', `Unrecognized arg#${i} type ${kindName(type)}`);
    else if (checkPointerArg(env, call, i)) i++;
  }
  if (meta.flags.has('RELEASE') && call.releaseRegno === 0)
    env.reject('EINVAL', `release kernel function ${meta.name} expects refcounted PTR_TO_BTF_ID`);
}
