/**
 * Calls of kernel functions: arguments, RCU and preemption regions, what is given back, what comes back.
 *
 * Source: check_kfunc_call, kernel/bpf/verifier.c, Linux 6.12.
 */
import { must } from '../../shared/assert.ts';
import { sizeOf } from '../btf/layout.ts';
import { pushCallback, takesCallback } from './callback.ts';
import { disown } from './collections.ts';
import type { Env } from './env.ts';
import { forkIterNext } from './iter_state.ts';
import { checkKfuncArgs, newKfuncCall } from './kfunc_arg.ts';
import type { KfuncMeta } from './kfunc_meta.ts';
import { kfuncMeta } from './kfunc_meta.ts';
import { setKfuncResult } from './kfunc_result.ts';
import { markRegRead } from './live.ts';
import { forkRefusal, takesResLock } from './lock_arg.ts';
import { releaseReference } from './refs.ts';
import { LIVE_READ32, LIVE_READ64 } from './reg.ts';
import type { RegState } from './reg.ts';
import { MEM_RCU, PTR_MAYBE_NULL, PTR_UNTRUSTED } from './reg_type.ts';
import { checkReturnCode } from './return_code.ts';
import { STACK_ITER } from './state.ts';

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
  if (state.irqs.length > 0 && meta.flags.has('SLEEPABLE'))
    env.reject('EACCES', `kernel func ${name} is sleepable within IRQ-disabled region`);
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

/** Functions that put an object into a list or tree. */
const INSERTS: ReadonlySet<string> = new Set([
  'bpf_list_push_front_impl',
  'bpf_list_push_back_impl',
  'bpf_rbtree_add_impl',
]);

/** bpf_throw's cookie becomes the program's result, unless a callback of the program makes one. */
function checkThrow(env: Env): void {
  env.throws = true;
  if (env.exceptionCallback < 0) checkReturnCode(env, 1);
}

/**
 * `call` of a kernel function.
 *
 * @returns true when the path ends here: the program was left by bpf_throw
 * @kernel check_kfunc_call, kernel/bpf/verifier.c
 * @fidelity partial: kernel functions of modules
 */
export function checkKfuncCall(env: Env): boolean {
  const insn = env.insn(env.insnIdx);
  if (insn.imm === 0) env.reject('EINVAL', 'invalid kernel function call not eliminated in verifier pass');
  const meta = kfuncMeta(env, insn.imm);
  const { name } = meta;
  if (meta.flags.has('SLEEPABLE') && !env.sleepableNow)
    env.reject('EACCES', `program must be sleepable to call sleepable kfunc ${name}`);
  if (takesResLock(name)) forkRefusal(env);
  const call = newKfuncCall(meta);
  checkKfuncArgs(env, call);
  if (takesCallback(name)) pushCallback(env, name, call.subprog);
  checkRegions(env, meta);
  if (call.releaseRegno !== 0 && !releaseReference(env, env.reg(call.releaseRegno).refObjId))
    env.reject('EINVAL', `kfunc ${name}#${insn.imm} reference has not been acquired before`);
  if (INSERTS.has(name)) disown(env, env.reg(2).refObjId);
  const throws = name === 'bpf_throw';
  if (throws) checkThrow(env);
  for (let i = 0; i <= 5; i++) env.reg(i).setNotInit();
  setKfuncResult(env, call);
  if (takesResLock(name)) env.reg(0).setConst(0n);
  markArgReads(env, meta);
  if (meta.flags.has('ITER_NEXT')) forkIterNext(env, must(call.iter, 'iterator'));
  return throws;
}
