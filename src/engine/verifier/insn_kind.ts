/** Questions about one instruction that several passes ask. */
import type { InsnIndex } from '../../shared/brand.ts';
import { helperId } from '../abi/helper_id.ts';
import type { Insn } from '../abi/insn.ts';
import {
  BPF_CALL,
  BPF_JCOND,
  BPF_JMP,
  BPF_PSEUDO_CALL,
  BPF_PSEUDO_FUNC,
  BPF_PSEUDO_KFUNC_CALL,
  LD_IMM64,
} from '../abi/opcode.ts';
import type { Env } from './env.ts';
import { kfuncFlags } from './kfunc_table.ts';

const isCall = (insn: Insn): boolean => insn.code === (BPF_JMP | BPF_CALL);
export const isPseudoCall = (insn: Insn): boolean => isCall(insn) && insn.src === BPF_PSEUDO_CALL;
export const isKfuncCall = (insn: Insn): boolean => isCall(insn) && insn.src === BPF_PSEUDO_KFUNC_CALL;
export const isHelperCall = (insn: Insn): boolean => isCall(insn) && insn.src === 0;
export const isPseudoFunc = (insn: Insn): boolean => insn.code === LD_IMM64 && insn.src === BPF_PSEUDO_FUNC;
export const isMayGoto = (insn: Insn): boolean => insn.code === (BPF_JMP | BPF_JCOND);

const SYNC_CALLBACK: ReadonlySet<number | undefined> = new Set(
  ['bpf_for_each_map_elem', 'bpf_find_vma', 'bpf_loop', 'bpf_user_ringbuf_drain'].map(helperId),
);
const TIMER_SET_CALLBACK = helperId('bpf_timer_set_callback');

/** A function that calls back before it returns. */
export const callsBackNow = (env: Env, insn: Insn): boolean =>
  isHelperCall(insn)
    ? SYNC_CALLBACK.has(insn.imm)
    : isKfuncCall(insn) && env.kfuncName(insn.imm) === 'bpf_rbtree_add_impl';
/** A function that arranges for a call later. */
export const callsBackLater = (env: Env, insn: Insn): boolean =>
  isHelperCall(insn)
    ? insn.imm === TIMER_SET_CALLBACK
    : isKfuncCall(insn) && env.kfuncName(insn.imm) === 'bpf_wq_set_callback_impl';

/** A call of bpf_throw. */
export function isThrow(env: Env, at: InsnIndex): boolean {
  const insn = env.insn(at);
  return isKfuncCall(insn) && env.kfuncName(insn.imm) === 'bpf_throw';
}

/** A call of bpf_iter_<x>_next. */
export function isIterNextCall(env: Env, at: InsnIndex): boolean {
  const insn = env.insn(at);
  const name = isKfuncCall(insn) ? env.kfuncName(insn.imm) : undefined;
  return name !== undefined && kfuncFlags(name, env.request.release)?.has('ITER_NEXT') === true;
}
