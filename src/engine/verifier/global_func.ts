/**
 * Arguments of global subprograms, which are verified once for whatever their prototype allows.
 *
 * Source: btf_prepare_func_args, kernel/bpf/btf.c; btf_check_func_arg_match, kernel/bpf/verifier.c, Linux 6.12.
 */
import { must } from '../../shared/assert.ts';
import type { Bytes } from '../../shared/brand.ts';
import { resolve, sizeOf } from '../btf/layout.ts';
import type { Btf } from '../btf/parse.ts';
import { Kind } from '../btf/types.ts';
import type { BtfType } from '../btf/types.ts';
import { Rejected } from './env.ts';
import type { Env } from './env.ts';
import { checkArgOffset } from './helper_arg.ts';
import { checkFixedMemArg } from './mem_arg.ts';
import { PTR_MAYBE_NULL, PTR_TO_CTX, PTR_TO_MEM, SCALAR_VALUE, mayBeNull } from './reg_type.ts';

export type GlobalArg =
  | { readonly kind: 'scalar' | 'ctx' }
  | { readonly kind: 'mem'; readonly size: Bytes; readonly nullable: boolean };

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

/** What a global subprogram's BTF prototype says of its arguments. */
export function globalArgs(env: Env, index: number): readonly GlobalArg[] {
  const sub = must(env.subprogs[index], 'subprogram');
  const btf = must(env.request.progBtf, 'program BTF');
  const func = btf.type(sub.funcTypeId);
  const proto = func.kind === Kind.FUNC ? btf.type(func.type) : func;
  if (proto.kind !== Kind.FUNC_PROTO) return env.reject('EINVAL', `Func#${index} has no prototype`);
  if (proto.params.length > 5)
    env.reject(
      'EINVAL',
      `Global function ${sub.name}() with ${proto.params.length} > 5 args. Buggy compiler.`,
    );
  const ret = btf.type(resolve(btf, proto.type));
  if (proto.type !== 0 && !isScalar(ret))
    env.reject('EINVAL', `Global function ${sub.name}() doesn't return scalar. Only those are supported.`);
  return proto.params.map((param, i) => {
    const tags = argTags(btf, sub.funcTypeId, i);
    const type = btf.type(resolve(btf, param.type));
    if (tags.includes('ctx')) return { kind: 'ctx' };
    const unknown = tags.find((tag) => tag !== 'nonnull');
    if (unknown !== undefined) return env.unsupported(`argument tag '${unknown}' of global functions`);
    if (isScalar(type)) return { kind: 'scalar' };
    if (type.kind !== Kind.PTR)
      return env.reject('EINVAL', `Arg#${i} type ${type.name} in ${sub.name}() is not supported yet.`);
    const size = sizeOf(btf, type.type);
    if (size === 0)
      return env.reject(
        'EINVAL',
        `arg#${i} reference type('UNKNOWN ${btf.nameOf(resolve(btf, type.type))}') size cannot be determined: -22`,
      );
    return { kind: 'mem', size, nullable: !tags.includes('nonnull') };
  });
}

function checkArg(env: Env, arg: GlobalArg, index: number): void {
  const regno = index + 1;
  const reg = env.reg(regno);
  switch (arg.kind) {
    case 'scalar':
      if (reg.type !== SCALAR_VALUE) env.reject('EINVAL', `R${regno} is not a scalar`);
      return;
    case 'ctx':
      checkArgOffset(env, regno, false, false);
      if (reg.type !== PTR_TO_CTX) env.reject('EINVAL', `arg#${index} expects pointer to ctx`);
      return;
    case 'mem':
      checkArgOffset(env, regno, false, false);
      checkFixedMemArg(env, regno, arg.size);
      if (!arg.nullable && (mayBeNull(reg.type) || reg.isNull))
        env.reject('EINVAL', `arg#${index} is expected to be non-NULL`);
  }
}

/** The caller passes what the prototype asks for. */
export function checkGlobalArgs(env: Env, index: number): void {
  const name = must(env.subprogs[index], 'subprogram').name;
  try {
    globalArgs(env, index).forEach((arg, i) => checkArg(env, arg, i));
  } catch (error) {
    if (!(error instanceof Rejected)) throw error;
    env.reject(error.reason.errno, `Caller passes invalid args into func#${index} ('${name}')`);
  }
}

/** Registers at the start of a global subprogram that is verified by itself. */
export function initGlobalArgs(env: Env, index: number): void {
  globalArgs(env, index).forEach((arg, i) => {
    const reg = env.reg(i + 1);
    if (arg.kind === 'mem') {
      reg.setPointer(PTR_TO_MEM | (arg.nullable ? PTR_MAYBE_NULL : 0));
      reg.memSize = arg.size;
      if (arg.nullable) reg.id = env.newId();
    } else if (arg.kind === 'ctx') {
      reg.setPointer(PTR_TO_CTX);
    } else {
      reg.setUnknown();
    }
  });
}
