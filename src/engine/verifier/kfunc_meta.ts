/** Kernel functions by the BTF id a call names: prototype, rules, and whether this program may call them. */
import { must } from '../../shared/assert.ts';
import type { InsnIndex, TypeId } from '../../shared/brand.ts';
import { Kind } from '../btf/types.ts';
import type { BtfParam } from '../btf/types.ts';
import type { Env } from './env.ts';
import type { KfuncFlag } from './kfunc_table.ts';
import { kfuncFlags, offersKfunc } from './kfunc_table.ts';

export interface KfuncMeta {
  readonly name: string;
  readonly flags: ReadonlySet<KfuncFlag>;
  readonly params: readonly BtfParam[];
  /** 0: void. */
  readonly result: TypeId;
}

const MAX_KFUNCS = 256;

/** What the first passes check of a kfunc call. @kernel add_kfunc_call @fidelity partial: no module BTF */
export function checkKfuncCallable(env: Env, at: InsnIndex): void {
  const { imm, off } = env.insn(at);
  const btf = env.request.kernelBtf;
  if (!env.request.gplCompatible)
    env.reject('EINVAL', 'cannot call kernel function from non-GPL compatible program', at);
  if (imm === 0 && off === 0) return;
  if (off !== 0) env.unsupported('kernel functions of modules', at);
  if (btf.kind(imm) !== Kind.FUNC) env.reject('EINVAL', `kernel btf_id ${imm} is not a function`, at);
  const used = new Set(
    env.insns
      .slice(0, at + 1)
      .filter((i) => i.code === 0x85 && i.src === 2)
      .map((i) => i.imm),
  );
  if (used.size > MAX_KFUNCS) env.reject('E2BIG', 'too many different kernel function calls', at);
}

/** Prototype and rules of the function a call names; refused when iterator programs may not call it. */
export function kfuncMeta(env: Env, id: TypeId): KfuncMeta {
  const btf = env.request.kernelBtf;
  const func = btf.type(id);
  const name = btf.nameOf(id);
  const flags = kfuncFlags(name, env.request.release);
  const caller = {
    hook: env.progType?.kfuncs ?? 'none',
    isLsm: env.progName === 'LSM',
    target: env.target ? env.attachName.replace(/^bpf_iter_/, '') : '',
  } as const;
  if (!flags || !offersKfunc(name, caller) || func.kind !== Kind.FUNC)
    return env.reject('EACCES', `calling kernel function ${name} is not allowed`);
  const proto = must(btf.type(func.type), 'prototype');
  if (proto.kind !== Kind.FUNC_PROTO) return env.reject('EINVAL', `${name} has no prototype`);
  return { name, flags, params: proto.params, result: proto.type };
}
