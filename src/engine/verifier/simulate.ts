/**
 * The simulation: instruction by instruction along one path; where paths split, the other one waits on a
 * stack; where an earlier state covers the current one, the path ends.
 *
 *     next insn -> prune? -> print -> rule of its class -> ... exit -> pop a waiting path -> ...
 *
 * Source: do_check, do_check_common, check_return_code, kernel/bpf/verifier.c, Linux 6.12.
 */
import { must } from '../../shared/assert.ts';
import type { Insn } from '../abi/insn.ts';
import {
  BPF_ABS,
  BPF_CALL,
  BPF_CLASS,
  BPF_EXIT,
  BPF_IND,
  BPF_JA,
  BPF_JMP,
  BPF_K,
  BPF_MODE,
  BPF_OP,
  BPF_PSEUDO_CALL,
  BPF_PSEUDO_KFUNC_CALL,
  BPF_SRC,
} from '../abi/opcode.ts';
import { helperId } from '../abi/helper_id.ts';
import { hasRule } from '../abi/releases.ts';
import { BPF_COMPLEXITY_LIMIT_INSNS } from '../abi/uapi.ts';
import { checkAlu } from './alu.ts';
import type { Env } from './env.ts';
import { initSubprogArgs, notePrototype } from './subprog_args.ts';
import { checkNothingHeld } from './held.ts';
import { checkHelperCall } from './helper_call.ts';
import { checkCondJump } from './jump.ts';
import { checkKfuncCall } from './kfunc_call.ts';
import { checkLoadPacket } from './ld_abs.ts';
import { checkLoad, checkLoadImm64, checkStoreImm, checkStoreReg } from './load_store.ts';
import { isStateVisited, updateBranchCounts } from './prune.ts';
import { writeReferenceLeaks } from './refs.ts';
import { PTR_TO_CTX } from './reg_type.ts';
import { checkReturnCode } from './return_code.ts';
import { BPF_MAIN_FUNC, FuncState, VerifierState } from './state.ts';
import { checkFuncCall, initFrame, returnToCaller } from './subprog_call.ts';

/** What happens after an instruction. */
type Flow = 'next' | 'jumped' | 'returned' | 'path_end';

const SPIN_UNLOCK = helperId('bpf_spin_unlock');
/** Kernel functions on lists and trees, which want the lock held, and on more locks. */
const UNDER_LOCK = /^bpf_(list_(push|pop)_|rbtree_|res_spin_)|^bpf_refcount_acquire_impl$/;

/** What a loop over numbers calls. */
const LOOP = /^bpf_iter_num_(new|next|destroy)$/;

const mayCallUnderLock = ({ request }: Env, kfunc: string): boolean =>
  UNDER_LOCK.test(kfunc) || (hasRule(request.release, 'loopsUnderLock') && LOOP.test(kfunc));

function checkCall(env: Env, insn: Insn): Flow {
  const { code, src, dst, off, imm } = insn;
  const known = src === 0 || src === BPF_PSEUDO_CALL || src === BPF_PSEUDO_KFUNC_CALL;
  if (BPF_SRC(code) !== BPF_K || (src !== BPF_PSEUDO_KFUNC_CALL && off !== 0) || !known || dst !== 0)
    env.reject('EINVAL', 'BPF_CALL uses reserved fields');
  const kfunc = src === BPF_PSEUDO_KFUNC_CALL ? (env.kfuncName(imm) ?? '') : '';
  const underLock = src === 0 ? imm === SPIN_UNLOCK : src === BPF_PSEUDO_CALL || mayCallUnderLock(env, kfunc);
  if (env.state.locks.length > 0 && !underLock)
    env.reject('EINVAL', 'function calls are not allowed while holding a lock');
  if (src === BPF_PSEUDO_CALL) checkFuncCall(env);
  else if (src === BPF_PSEUDO_KFUNC_CALL) {
    if (checkKfuncCall(env)) {
      leaveByThrow(env);
      return 'path_end';
    }
  } else checkHelperCall(env);
  env.scratched.reg(0);
  return 'next';
}

/** bpf_throw leaves every frame at once: nothing may be open in any of them. */
function leaveByThrow(env: Env): void {
  if (hasRule(env.request.release, 'exitNamesTheRegion')) return checkNothingHeld(env, 'bpf_throw', 'all');
  const { state } = env;
  const held = (what: string): never =>
    env.reject('EINVAL', `bpf_throw cannot be used inside ${what}-ed region`);
  if (state.locks.length > 0) held('bpf_spin_lock');
  if (state.rcuLock) held('bpf_rcu_read_lock');
  if (state.preemptLock > 0) held('bpf_preempt_disable');
  if (writeReferenceLeaks(env, true)) env.reject('EINVAL', '');
}

/** Nothing may be open when the main program ends: as 6.12 says it. */
function checkMissingUnlock(env: Env): void {
  const { state } = env;
  const { preemptLock } = state;
  if (state.curframe === 0) {
    if (state.locks.length > 0) env.reject('EINVAL', 'bpf_spin_unlock is missing');
    if (state.rcuLock) env.reject('EINVAL', 'bpf_rcu_read_unlock is missing');
    if (preemptLock > 0)
      env.reject(
        'EINVAL',
        `${preemptLock} bpf_preempt_enable${preemptLock === 1 ? ' is' : '(s) are'} missing`,
      );
  }
  if (writeReferenceLeaks(env)) env.reject('EINVAL', '');
}

function checkExit(env: Env, insn: Insn): Flow {
  const { state } = env;
  if (BPF_SRC(insn.code) !== BPF_K || insn.imm !== 0 || insn.src !== 0 || insn.dst !== 0)
    env.reject('EINVAL', 'BPF_EXIT uses reserved fields');
  if (hasRule(env.request.release, 'exitNamesTheRegion'))
    checkNothingHeld(env, 'BPF_EXIT instruction in main prog', 'one', state.curframe === 0);
  else checkMissingUnlock(env);
  if (state.curframe > 0) {
    returnToCaller(env);
    return 'returned';
  }
  checkReturnCode(env);
  return 'path_end';
}

function checkJump(env: Env, insn: Insn): Flow {
  const { code } = insn;
  const wide = BPF_CLASS(code) === BPF_JMP;
  const op = BPF_OP(code);
  env.count.jumps++;
  if (op === BPF_CALL && wide) return checkCall(env, insn);
  if (op === BPF_EXIT && wide) return checkExit(env, insn);
  if (op === BPF_JA) {
    const unused = wide ? insn.imm : insn.off;
    if (BPF_SRC(code) !== BPF_K || insn.src !== 0 || insn.dst !== 0 || unused !== 0)
      env.reject('EINVAL', 'BPF_JA uses reserved fields');
    env.insnIdx += (wide ? insn.off : insn.imm) + 1;
    return 'jumped';
  }
  checkCondJump(env);
  return 'next';
}

function checkLd(env: Env, insn: Insn): Flow {
  const mode = BPF_MODE(insn.code);
  if (mode === BPF_ABS || mode === BPF_IND) return checkLoadPacket(env, insn);
  checkLoadImm64(env);
  env.insnIdx++;
  return 'next';
}

type ClassRule = (env: Env, insn: Insn) => Flow;
const then =
  (rule: (env: Env, insn: Insn) => void): ClassRule =>
  (env, insn) => {
    rule(env, insn);
    return 'next';
  };

/** The rule of each instruction class, 0 to 7. */
const RULES: readonly ClassRule[] = [
  checkLd,
  then(checkLoad),
  then(checkStoreImm),
  then(checkStoreReg),
  then(checkAlu),
  checkJump,
  checkJump,
  then(checkAlu),
];

/** The next waiting path becomes the current one. @returns false when none waits */
function popPath(env: Env): boolean {
  env.scratched.all();
  updateBranchCounts(env.state);
  const next = env.stack.pop();
  if (!next) return false;
  if (!env.level2) env.log.reset(next.logPos);
  env.state = next.state;
  env.insnIdx = next.insnIdx;
  env.prevInsnIdx = next.prevInsnIdx;
  return true;
}

/** Explores every path from the current state. @kernel do_check @fidelity full: rules.test.ts */
function explore(env: Env): void {
  const { observe, pruning } = env.request;
  let printState = false;
  let prev = -1;
  for (;;) {
    env.histEntry = null;
    env.prevInsnIdx = prev;
    const at = env.insnIdx;
    const insn = env.insn(at);
    const aux = env.auxOf(at);
    env.count.processed++;
    if (env.count.processed > BPF_COMPLEXITY_LIMIT_INSNS)
      env.reject('E2BIG', `BPF program is too large. Processed ${env.count.processed} insn`);
    env.state.lastInsnIdx = prev;
    if (aux.prune && pruning !== 'none' && isStateVisited(env, at)) {
      if (env.level1) env.write(printState ? `\nfrom ${prev} to ${at}: safe\n` : `${at}: safe\n`);
      if (!popPath(env)) return;
      prev = env.prevInsnIdx;
      printState = true;
      continue;
    }
    if (aux.jump) env.pushHistory(env.state, 0, null);
    if (env.level2 && printState) {
      env.write(`\nfrom ${prev} to ${at}:`);
      env.writeFrame(env.cur);
      printState = false;
    }
    if (env.level1) env.writeInsn(at);
    if (observe) observe(at, env.state);
    aux.seen = true;
    prev = at;
    const flow = must(RULES[BPF_CLASS(insn.code)], 'instruction class')(env, insn);
    if (flow !== 'path_end') env.keepState(at);
    if (flow === 'next') env.insnIdx++;
    if (flow === 'returned') printState = true;
    if (flow !== 'path_end') continue;
    if (!popPath(env)) return;
    prev = env.prevInsnIdx;
    printState = true;
  }
}

/**
 * Verifies the main program (0) or a global subprogram by itself.
 *
 * @kernel do_check_common, kernel/bpf/verifier.c
 * @fidelity full: rules.test.ts
 */
export function simulate(env: Env, subprog: number): void {
  const sub = must(env.subprogs[subprog], 'subprogram');
  env.prevLine = null;
  const state = new VerifierState();
  const frame = new FuncState(BPF_MAIN_FUNC, 0, subprog);
  initFrame(frame);
  state.frame = [frame];
  state.firstInsnIdx = sub.start;
  state.lastInsnIdx = -1;
  env.state = state;
  env.insnIdx = sub.start;
  env.scratched.all();
  env.stack.length = 0;
  for (const list of env.explored) list.length = 0;
  if (subprog > 0) {
    if (env.level1) env.write(`Validating ${sub.name}() func#${subprog}...\n`);
    initSubprogArgs(env, subprog);
  } else {
    notePrototype(env);
    frame.reg(1).setPointer(PTR_TO_CTX);
  }
  explore(env);
  if (!env.level2) env.log.reset(0);
}
