/**
 * What BTF says of a subprogram's arguments. A global one is verified once for whatever its prototype allows,
 * and calls must fit; of calls of a static one is only said where they do not.
 *
 * Source: btf_prepare_func_args, kernel/bpf/btf.c; btf_check_func_arg_match, kernel/bpf/verifier.c, Linux 6.12.
 */
import { must } from '../../shared/assert.ts';
import type { Bytes, TypeId } from '../../shared/brand.ts';
import type { ErrnoName } from '../../shared/errno.ts';
import { resolve, sizeOf } from '../btf/layout.ts';
import type { Btf } from '../btf/parse.ts';
import { Kind } from '../btf/types.ts';
import type { BtfType } from '../btf/types.ts';
import { nameOrAnon } from './btf_walk.ts';
import { DYNPTR_LOCAL, checkDynptr, setConstDynptr } from './dynptr.ts';
import type { Env, Subprog } from './env.ts';
import { checkArgOffset, checkTrustedArg } from './helper_arg.ts';
import { kindName } from './kfunc_arg.ts';
import { checkFixedMemArg } from './mem_arg.ts';
import { checkContextTag, isContextType } from './prog_ctx.ts';
import {
  PTR_MAYBE_NULL,
  PTR_TO_ARENA,
  PTR_TO_BTF_ID,
  PTR_TO_CTX,
  PTR_TO_MEM,
  PTR_TRUSTED,
  SCALAR_VALUE,
  mayBeNull,
} from './reg_type.ts';

export type SubprogArg =
  | { readonly kind: 'scalar' | 'ctx' | 'dynptr' | 'arena' }
  | { readonly kind: 'mem'; readonly size: Bytes; readonly nullable: boolean }
  | { readonly kind: 'trusted'; readonly id: TypeId; readonly nullable: boolean };

const tagsByBtf = new WeakMap<Btf, Map<string, string[]>>();

/** `arg:nonnull` and so on, by function and parameter. */
function argTags(btf: Btf, func: number, param: number): readonly string[] {
  let tags = tagsByBtf.get(btf);
  if (!tags) {
    tags = new Map();
    for (let id = btf.start; id < btf.end; id++) {
      const type = btf.type(id);
      if (type.kind !== Kind.DECL_TAG || !type.name.startsWith('arg:')) continue;
      const key = `${type.type}:${type.component}`;
      tags.set(key, [...(tags.get(key) ?? []), type.name.slice(4)]);
    }
    tagsByBtf.set(btf, tags);
  }
  return tags.get(`${func}:${param}`) ?? [];
}

const isScalar = (type: BtfType): boolean =>
  type.kind === Kind.INT || type.kind === Kind.ENUM || type.kind === Kind.ENUM64;

/** So is the program's own function, whatever becomes of its prototype. */
const isGlobal = (sub: Subprog): boolean => sub.isGlobal || sub.start === 0;

/** A static function may have any prototype: that its arguments cannot be told is not said. */
const refuse = (env: Env, sub: Subprog, message: string): never =>
  env.reject('EINVAL', isGlobal(sub) ? message : '');

/** What a subprogram's BTF prototype says of its arguments. @kernel btf_prepare_func_args @fidelity full: cases_c.test.ts */
export function subprogArgs(env: Env, index: number): readonly SubprogArg[] {
  const sub = must(env.subprogs[index], 'subprogram');
  const btf = must(env.request.progBtf, 'program BTF');
  const func = btf.type(sub.funcTypeId);
  const proto = func.kind === Kind.FUNC ? btf.type(func.type) : func;
  if (proto.kind !== Kind.FUNC_PROTO) return env.reject('EFAULT', `Invalid type of function ${sub.name}()`);
  if (proto.params.length > 5)
    refuse(env, sub, `Global function ${sub.name}() with ${proto.params.length} > 5 args. Buggy compiler.`);
  const ret = btf.type(resolve(btf, proto.type));
  if (!isScalar(ret))
    refuse(env, sub, `Global function ${sub.name}() doesn't return scalar. Only those are supported.`);
  return proto.params.map((param, i) => pointerOrScalar(env, sub, btf, param.type, i));
}

const TAGS: ReadonlySet<string> = new Set(['ctx', 'trusted', 'nonnull', 'nullable', 'arena']);

/** A kernel type that a pointer of the program's means, by its name without `___flavor`. */
function kernelTypeOf(env: Env, btf: Btf, id: TypeId, index: number): TypeId {
  const name = btf.nameOf(id).replace(/___.*$/, '');
  const reference = `arg#${index} reference type('${kindName(btf.type(id))} ${nameOrAnon(btf, id)}')`;
  if (name === '') env.reject('EINVAL', `${reference} candidate matching error: -22`);
  const found = env.request.kernelBtf.find(name, btf.kind(id));
  if (found === 0) env.reject('ENOENT', `${reference} has no matches`);
  return found;
}

/** One argument, from its BTF type and its tags. */
function pointerOrScalar(env: Env, sub: Subprog, btf: Btf, typeId: TypeId, i: number): SubprogArg {
  const tags = argTags(btf, sub.funcTypeId, i);
  const has = (tag: string): boolean => tags.includes(tag);
  const badTags = (): never => env.reject('EINVAL', `arg#${i} has invalid combination of tags`);
  if (tags.length > 0 && !isGlobal(sub))
    env.reject('EOPNOTSUPP', `arg#${i} type tag is not supported in static functions`);
  if (tags.some((tag) => !TAGS.has(tag))) env.reject('EOPNOTSUPP', `arg#${i} has unsupported set of tags`);
  const type = btf.type(resolve(btf, typeId));
  if (type.kind !== Kind.PTR) {
    if (tags.length > 0) env.reject('EINVAL', `arg#${i} has pointer tag, but is not a pointer type`);
    if (isScalar(type)) return { kind: 'scalar' };
    return refuse(env, sub, `Arg#${i} type ${kindName(type)} in ${sub.name}() is not supported yet.`);
  }
  const target = resolve(btf, type.type);
  if (has('ctx') || isContextType(env, btf, type.type)) {
    if (tags.some((tag) => tag !== 'ctx')) badTags();
    if (has('ctx')) checkContextTag(env, btf, type.type, i);
    return { kind: 'ctx' };
  }
  if (btf.nameOf(target) === 'bpf_dynptr' && btf.kind(target) === Kind.STRUCT)
    return tags.length > 0 ? badTags() : { kind: 'dynptr' };
  if (has('trusted')) {
    if (has('nonnull')) badTags();
    return { kind: 'trusted', id: kernelTypeOf(env, btf, target, i), nullable: has('nullable') };
  }
  if (has('arena')) {
    if (tags.length > 1) env.reject('EINVAL', `arg#${i} arena cannot be combined with any other tags`);
    return { kind: 'arena' };
  }
  if (!isGlobal(sub)) refuse(env, sub, '');
  if (has('nullable')) badTags();
  const size = sizeOf(btf, type.type);
  if (size === 0 && btf.kind(target) !== Kind.STRUCT)
    env.reject(
      'EINVAL',
      `arg#${i} reference type('${kindName(btf.type(target))} ${btf.nameOf(target)}') size cannot be determined: -22`,
    );
  return { kind: 'mem', size, nullable: !has('nonnull') };
}

function checkArg(env: Env, arg: SubprogArg, index: number): void {
  const regno = index + 1;
  const reg = env.reg(regno);
  switch (arg.kind) {
    case 'scalar':
      if (reg.type !== SCALAR_VALUE) env.reject('EINVAL', `R${regno} is not a scalar`);
      return;
    case 'arena':
      if (reg.type !== PTR_TO_ARENA && reg.type !== SCALAR_VALUE)
        env.reject('EINVAL', `R${regno} is not a pointer to arena or scalar.`);
      return;
    case 'ctx':
      checkArgOffset(env, regno, false, false);
      if (reg.type !== PTR_TO_CTX) env.reject('EINVAL', `arg#${index} expects pointer to ctx`);
      return;
    case 'mem':
      checkArgOffset(env, regno, false, false);
      checkFixedMemArg(env, regno, arg.size);
      if (!arg.nullable && mayBeNull(reg.type))
        env.reject('EINVAL', `arg#${index} is expected to be non-NULL`);
      return;
    case 'dynptr':
      checkArgOffset(env, regno, false, false);
      checkDynptr(env, regno, { type: 0, made: false });
      return;
    case 'trusted':
      if (!(reg.isNull && arg.nullable)) checkTrustedArg(env, regno, arg.id, arg.nullable);
  }
}

/**
 * Does the caller pass what the prototype asks for? Where it does not, the log says so.
 *
 * @returns the errno of a global function that is called wrongly
 * @kernel btf_check_subprog_call, kernel/bpf/verifier.c
 * @fidelity full: cases_c.test.ts
 */
export function checkPassedArgs(env: Env, index: number): ErrnoName | null {
  const sub = must(env.subprogs[index], 'subprogram');
  if (sub.funcTypeId === 0 || sub.unreliable) return 'EINVAL';
  const errno = env.refusal(() => subprogArgs(env, index).forEach((arg, i) => checkArg(env, arg, i)));
  sub.unreliable = errno !== null;
  return errno;
}

/** The prototype of the program's own function is read, too: the log says where it is none for a context. */
export function notePrototype(env: Env): void {
  const sub = must(env.subprogs[0], 'main program');
  if (sub.funcTypeId !== 0) env.refusal(() => subprogArgs(env, 0));
}

/** Registers at the start of a global subprogram that is verified by itself. */
export function initSubprogArgs(env: Env, index: number): void {
  const args = subprogArgs(env, index);
  if (index === env.exceptionCallback && (args.length !== 1 || args[0]?.kind !== 'scalar'))
    env.reject('EINVAL', 'exception cb only supports single integer argument');
  args.forEach((arg, i) => {
    const reg = env.reg(i + 1);
    if (arg.kind === 'mem') {
      reg.setPointer(PTR_TO_MEM | (arg.nullable ? PTR_MAYBE_NULL : 0));
      reg.memSize = arg.size;
      reg.id = env.newId();
    } else if (arg.kind === 'trusted') {
      reg.setPointer(PTR_TO_BTF_ID | PTR_TRUSTED | (arg.nullable ? PTR_MAYBE_NULL : 0));
      reg.btf = env.request.kernelBtf;
      reg.btfId = arg.id;
      reg.id = env.newId();
    } else if (arg.kind === 'dynptr') {
      setConstDynptr(env, reg, DYNPTR_LOCAL);
    } else if (arg.kind === 'ctx') {
      reg.setPointer(PTR_TO_CTX);
    } else {
      reg.setUnknown();
    }
  });
}
