/**
 * BPF_LD_[ABS|IND]: loads from a packet that R6 points to, which end the program when the packet is too short.
 *
 * Source: check_ld_abs, kernel/bpf/verifier.c, Linux 6.12.
 */
import type { Insn } from '../abi/insn.ts';
import { hasRule } from '../abi/releases.ts';
import { BPF_ABS, BPF_DW, BPF_IND, BPF_MODE, BPF_SIZE } from '../abi/opcode.ts';
import { checkUnmoved } from './ctx_access.ts';
import type { Env } from './env.ts';
import { checkNothingHeld } from './held.ts';
import { checkRegArg } from './live.ts';
import { writeReferenceLeaks } from './refs.ts';
import { PTR_TO_CTX } from './reg_type.ts';
import { clearCallerSaved, returnToCaller } from './subprog_call.ts';

const CTX_REG = 6;

/** Nothing may be held that the hidden exit would leak. */
function checkRegions(env: Env): void {
  if (hasRule(env.request.release, 'exitNamesTheRegion')) return checkNothingHeld(env, 'BPF_LD_[ABS|IND]');
  const { state } = env;
  if (writeReferenceLeaks(env))
    env.reject('EINVAL', 'BPF_LD_[ABS|IND] cannot be mixed with socket references');
  const held = (what: string): never =>
    env.reject('EINVAL', `BPF_LD_[ABS|IND] cannot be used inside ${what}-ed region`);
  if (state.locks.length > 0) held('bpf_spin_lock');
  if (state.rcuLock) held('bpf_rcu_read_lock');
  if (state.preemptLock > 0) held('bpf_preempt_disable');
}

/**
 * @returns 'returned' when the hidden exit left a subprogram; the load itself is then a waiting path
 * @kernel check_ld_abs, kernel/bpf/verifier.c
 * @fidelity partial: no test runs it
 */
export function checkLoadPacket(env: Env, insn: Insn): 'next' | 'returned' {
  const mode = BPF_MODE(insn.code);
  if (!env.progType?.loadsPacket)
    env.reject('EINVAL', 'BPF_LD_[ABS|IND] instructions not allowed for this program type');
  if (env.state.frame.some((frame) => frame.inCallback))
    env.reject('EINVAL', 'cannot use BPF_LD_[ABS|IND] within callback');
  const reserved =
    insn.dst !== 0 ||
    insn.off !== 0 ||
    BPF_SIZE(insn.code) === BPF_DW ||
    (mode === BPF_ABS && insn.src !== 0);
  if (reserved) env.reject('EINVAL', 'BPF_LD_[ABS|IND] uses reserved fields');
  checkRegArg(env, CTX_REG, 'src');
  checkRegions(env);
  if (env.reg(CTX_REG).type !== PTR_TO_CTX)
    env.reject('EINVAL', 'at the time of BPF_LD_ABS|IND R6 != pointer to skb');
  if (mode === BPF_IND) checkRegArg(env, insn.src, 'src');
  checkUnmoved(env, CTX_REG);
  clearCallerSaved(env);
  env.reg(0).setUnknown();
  env.reg(0).subregDef = env.insnIdx + 1;
  if (env.state.curframe === 0) return 'next';
  env.scratched.reg(0);
  env.pushState(env.insnIdx + 1, env.insnIdx);
  env.reg(0).setConst(0n);
  returnToCaller(env);
  return 'returned';
}
