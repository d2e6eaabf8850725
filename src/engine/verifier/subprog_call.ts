/**
 * Calls that enter BPF code: subprograms and callbacks, and the way back.
 *
 * A static subprogram is simulated at each call with the caller's registers. A global one is verified by
 * itself and assumed valid. A callback is queued from the call site; when it returns, the call is simulated
 * again, until a further round teaches nothing new.
 *
 * Source: check_func_call, push_callback_call, prepare_func_exit, kernel/bpf/verifier.c, Linux 6.12.
 */
import { must } from '../../shared/assert.ts';
import type { InsnIndex } from '../../shared/brand.ts';
import { MapType } from '../abi/uapi.ts';
import { Kind } from '../btf/types.ts';
import type { Env } from './env.ts';
import { checkGlobalArgs } from './global_func.ts';
import { checkRegArg, markRegRead } from './live.ts';
import { markPrecise } from './precision.ts';
import { LIVE_READ64 } from './reg.ts';
import type { RegState } from './reg.ts';
import { PTR_TO_BTF_ID, PTR_TO_MAP_KEY, PTR_TO_MAP_VALUE, PTR_TO_STACK, SCALAR_VALUE } from './reg_type.ts';
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
function enterFrame(
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

/**
 * `call pc+N`.
 *
 * @kernel check_func_call, kernel/bpf/verifier.c
 * @fidelity full
 */
export function checkFuncCall(env: Env): void {
  const insn = env.insn(env.insnIdx);
  const target = env.insnIdx + insn.imm + 1;
  const index = env.subprogs.findIndex((s) => s.start === target);
  const sub = must(env.subprogs[index], 'called subprogram');
  const { state } = env;
  if (sub.isGlobal) {
    if (state.lockPtr)
      env.reject(
        'EINVAL',
        'global function calls are not allowed while holding a lock,\nuse static function instead',
      );
    if (state.preemptLock > 0)
      env.reject(
        'EINVAL',
        'global function calls are not allowed with preemption disabled,\nuse static function instead',
      );
    checkGlobalArgs(env, index);
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

type FillCallback = (env: Env, caller: FuncState, callee: FuncState) => void;

const pointer = (reg: RegState, type: number): RegState => {
  reg.setPointer(type);
  return reg;
};

const ELEM_MAPS: ReadonlySet<number> = new Set([
  MapType.HASH,
  MapType.ARRAY,
  MapType.PERCPU_HASH,
  MapType.PERCPU_ARRAY,
  MapType.LRU_HASH,
  MapType.LRU_PERCPU_HASH,
]);

/** callback(index, ctx) */
const fillLoop: FillCallback = (_env, caller, callee) => {
  callee.reg(1).type = SCALAR_VALUE;
  callee.reg(2).copyAll(caller.reg(3));
};

/** callback(map, key, value, ctx) */
const fillMapElem: FillCallback = (env, caller, callee) => {
  const map = must(caller.reg(1).map, 'map');
  if (!ELEM_MAPS.has(map.type)) env.reject('EINVAL', 'callback function not allowed for map');
  callee.reg(1).copyAll(caller.reg(1));
  pointer(callee.reg(2), PTR_TO_MAP_KEY).map = map;
  pointer(callee.reg(3), PTR_TO_MAP_VALUE).map = map;
  callee.reg(4).copyAll(caller.reg(3));
};

/** callback(task, vma, ctx) */
const fillFindVma: FillCallback = (env, caller, callee) => {
  const btf = env.request.kernelBtf;
  callee.reg(1).copyAll(caller.reg(1));
  const vma = pointer(callee.reg(2), PTR_TO_BTF_ID);
  vma.btf = btf;
  vma.btfId = btf.find('vm_area_struct', Kind.STRUCT);
  callee.reg(3).copyAll(caller.reg(4));
};

const FILL: ReadonlyMap<string, FillCallback> = new Map([
  ['bpf_loop', fillLoop],
  ['bpf_for_each_map_elem', fillMapElem],
  ['bpf_find_vma', fillFindVma],
]);

/** True for helpers that call back. */
export const takesCallback = (helper: string): boolean => FILL.has(helper);

/**
 * Queues one run of a callback; the current path goes on as if it had run often enough.
 *
 * @kernel push_callback_call, kernel/bpf/verifier.c
 * @fidelity partial: asynchronous callbacks (timers) are refused earlier
 */
export function pushCallback(env: Env, helper: string, subprog: number): void {
  const caller = env.cur;
  const fill = must(FILL.get(helper), `callback of ${helper}`);
  const start = must(env.subprogs[subprog], 'callback').start;
  const queued = env.pushState(start, env.insnIdx);
  const callee = enterFrame(env, queued, subprog, env.insnIdx, (from, to) => fill(env, from, to));
  callee.inCallback = true;
  callee.callbackRet = { min: 0, max: 1 };
  queued.callbackUnrollDepth++;
  must(queued.frame[queued.curframe - 1], 'caller').callbackDepth++;
  caller.callbackDepth = 0;
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
 * @fidelity full
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
  if (prev) widenImprecise(prev, state);
}
