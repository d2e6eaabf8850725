/**
 * Calls that enter BPF code, and the way back; callback.ts has the calls that helpers make.
 *
 * A static subprogram is simulated at each call with the caller's registers. A global one is verified by
 * itself and assumed valid. When a callback returns, the call that called it is simulated again.
 *
 * Source: check_func_call, prepare_func_exit, kernel/bpf/verifier.c, Linux 6.12.
 */
import { must } from '../../shared/assert.ts';
import type { InsnIndex } from '../../shared/brand.ts';
import { hasRule } from '../abi/releases.ts';
import type { Env } from './env.ts';
import { checkPassedArgs } from './subprog_args.ts';
import { checkRegArg, markRegRead } from './live.ts';
import { maySleep } from './may_sleep.ts';
import { markPrecise } from './precision.ts';
import { LIVE_READ64 } from './reg.ts';
import type { RegState } from './reg.ts';
import { PTR_TO_STACK, SCALAR_VALUE } from './reg_type.ts';
import { S64_MAX, S64_MIN } from '../../shared/int64.ts';
import type { RetvalRange } from './state.ts';
import { FuncState } from './state.ts';
import type { VerifierState } from './state.ts';
import { findPrevEntry, widenImprecise } from './widen.ts';

const MAX_FRAMES = 8;

/** R0-R5 hold nothing after a call. */
export function clearCallerSaved(env: Env): void {
  for (let i = 0; i <= 5; i++) {
    const reg = env.reg(i);
    reg.setNotInit();
    checkRegArg(env, i, 'dst_no_mark');
  }
}

/** Adds a frame for a callee; `fill` sets its arguments from the caller's registers. */
export function enterFrame(
  env: Env,
  state: VerifierState,
  subprog: number,
  callsite: InsnIndex,
  fill: (caller: FuncState, callee: FuncState) => void,
): FuncState {
  if (state.curframe + 1 >= MAX_FRAMES)
    env.reject('E2BIG', `the call stack of ${state.curframe + 2} frames is too deep`);
  const caller = state.cur;
  const callee = new FuncState(callsite, state.curframe + 1, subprog);
  initFrame(callee);
  callee.refs = caller.refs.slice();
  fill(caller, callee);
  state.curframe++;
  state.frame[state.curframe] = callee;
  env.scratched.all();
  return callee;
}

/** A frame starts with nothing but its frame pointer. */
export function initFrame(frame: FuncState): void {
  const fp = frame.reg(10);
  fp.setPointer(PTR_TO_STACK);
  fp.frameno = frame.frameno;
}

const NEED_STATIC = ',\nuse static function instead';
const MUST_NOT_SLEEP = `global functions that may sleep are not allowed in non-sleepable context,
i.e., in a RCU/IRQ/preempt-disabled section, or in
a non-sleepable BPF program context`;

/** Where a global function may be called: it is verified by itself and does not know its caller's regions. */
function checkGlobalRegions(env: Env, index: number): void {
  const { rcuLock, preemptLock, irqs } = env.state;
  if (hasRule(env.request.release, 'globalsThatSleepAreKnown')) {
    const atomic = rcuLock || preemptLock > 0 || irqs.length > 0 || !env.sleepableNow;
    if (atomic && maySleep(env, index)) env.reject('EINVAL', MUST_NOT_SLEEP);
    return;
  }
  const refuse = (when: string): never =>
    env.reject('EINVAL', `global function calls are not allowed ${when}${NEED_STATIC}`);
  if (preemptLock > 0) refuse('with preemption disabled');
  if (irqs.length > 0) refuse('with IRQs disabled');
}

/**
 * `call pc+N`.
 *
 * @kernel check_func_call, kernel/bpf/verifier.c
 * @fidelity full: rules.test.ts
 */
export function checkFuncCall(env: Env): void {
  const insn = env.insn(env.insnIdx);
  const target = env.insnIdx + insn.imm + 1;
  const index = env.subprogs.findIndex((s) => s.start === target);
  const sub = must(env.subprogs[index], 'called subprogram');
  const { state } = env;
  const errno = checkPassedArgs(env, index);
  if (sub.isGlobal) {
    if (state.locks.length > 0)
      env.reject('EINVAL', `global function calls are not allowed while holding a lock${NEED_STATIC}`);
    checkGlobalRegions(env, index);
    if (errno !== null) env.reject(errno, `Caller passes invalid args into func#${index} ('${sub.name}')`);
    if (env.level1) env.write(`Func#${index} ('${sub.name}') is global and assumed valid.\n`);
    sub.called = true;
    clearCallerSaved(env);
    env.reg(0).setUnknown();
    return;
  }
  const caller = env.cur;
  enterFrame(env, state, index, env.insnIdx, (from, to) => {
    for (let i = 1; i <= 5; i++) to.reg(i).copyAll(from.reg(i));
  });
  const callee = state.cur;
  state.curframe--;
  clearCallerSaved(env);
  state.curframe++;
  if (env.level1) {
    env.write('caller:\n');
    env.writeFrame(caller);
    env.write('callee:\n');
    env.writeFrame(callee);
    env.scratched.all();
  }
  env.insnIdx = sub.start - 1;
}

/** `... has smin=2 smax=2 should have been in [0, 1]` */
export function rangeMessage(reg: RegState, range: RetvalRange, when: string, name: string): string {
  const bounds =
    (reg.smin > S64_MIN ? ` smin=${reg.smin}` : '') + (reg.smax < S64_MAX ? ` smax=${reg.smax}` : '');
  return `${when} the register ${name} has${bounds || ' unknown scalar value'} should have been in [${range.min}, ${range.max}]`;
}

export const withinRange = (reg: RegState, range: RetvalRange): boolean =>
  reg.smin >= BigInt(range.min) && reg.smax <= BigInt(range.max);

/**
 * `exit` in a frame that is not the outermost: back to the caller.
 *
 * @kernel prepare_func_exit, kernel/bpf/verifier.c
 * @fidelity full: rules.test.ts
 */
export function returnToCaller(env: Env): void {
  const { state } = env;
  const callee = state.cur;
  const r0 = callee.reg(0);
  if (r0.type === PTR_TO_STACK) env.reject('EINVAL', 'cannot return stack pointer to the caller');
  const caller = must(state.frame[state.curframe - 1], 'caller');
  if (callee.inCallback) {
    if (r0.type !== SCALAR_VALUE) env.reject('EACCES', 'R0 not a scalar value');
    markRegRead(env, r0, r0.parent, LIVE_READ64);
    markPrecise(env, 0);
    if (!withinRange(r0, callee.callbackRet))
      env.reject('EINVAL', rangeMessage(r0, callee.callbackRet, 'At callback return', 'R0'));
    env.insnIdx = callee.callsite;
  } else {
    caller.reg(0).copyAll(r0);
    caller.refs = callee.refs.slice();
    env.insnIdx = callee.callsite + 1;
  }
  if (env.level1) {
    env.write('returning from callee:\n');
    env.writeFrame(callee);
    env.write(`to caller at ${env.insnIdx}:\n`);
    env.writeFrame(caller);
  }
  state.frame.length = state.curframe;
  state.curframe--;
  if (!callee.inCallback) return;
  const prev = findPrevEntry(env, state, env.insnIdx);
  if (prev) widenImprecise(env, prev, state);
}
