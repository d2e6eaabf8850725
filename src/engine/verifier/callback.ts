/**
 * Callbacks: functions of the program that helpers and kfuncs call.
 *
 * One that is called before the helper returns is queued from the call site with a frame of its own; when it
 * returns, the call is simulated again, until a further round teaches nothing new. One that is called later
 * (timers, work queues) is queued as a path of its own.
 *
 * Source: push_callback_call, push_async_cb and the set_*_callback_state, kernel/bpf/verifier.c, Linux 6.12.
 */
import { must } from '../../shared/assert.ts';
import { MapType } from '../abi/uapi.ts';
import { Kind } from '../btf/types.ts';
import { setGraphNode, setNonOwning } from './collections.ts';
import { DYNPTR_LOCAL, setConstDynptr } from './dynptr.ts';
import { MAX_PENDING } from './env.ts';
import { checkPassedArgs } from './subprog_args.ts';
import type { Env } from './env.ts';
import type { RegState } from './reg.ts';
import {
  CONST_PTR_TO_MAP,
  PTR_TO_BTF_ID,
  PTR_TO_MAP_KEY,
  PTR_TO_MAP_VALUE,
  SCALAR_VALUE,
} from './reg_type.ts';
import { fieldAtReg } from './special_arg.ts';
import { BPF_MAIN_FUNC, FuncState, VerifierState } from './state.ts';
import { enterFrame, initFrame } from './subprog_call.ts';

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
  if (!ELEM_MAPS.has(map.type)) env.reject('ENOTSUPP', 'callback function not allowed for map');
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

/** callback(map, key, value) */
const fillTimer: FillCallback = (_env, caller, callee) => {
  const { map, mapUid } = caller.reg(1);
  [CONST_PTR_TO_MAP, PTR_TO_MAP_KEY, PTR_TO_MAP_VALUE].forEach((type, i) => {
    const reg = pointer(callee.reg(i + 1), type);
    reg.map = map;
    reg.mapUid = mapUid;
  });
};

/** callback(dynptr, ctx) */
const fillUserRingbuf: FillCallback = (env, caller, callee) => {
  setConstDynptr(env, callee.reg(1), DYNPTR_LOCAL);
  callee.reg(2).copyAll(caller.reg(3));
};

/** less(a, b) */
const fillRbtreeLess: FillCallback = (env, caller, callee) => {
  const field = must(fieldAtReg(env, caller.reg(1), 'bpf_rb_root'), 'root of a tree');
  for (const regno of [1, 2]) {
    setGraphNode(callee.reg(regno), must(field.root, 'nodes of a tree'));
    setNonOwning(env, callee.reg(regno));
  }
};

const FILL: ReadonlyMap<string, FillCallback> = new Map([
  ['bpf_loop', fillLoop],
  ['bpf_for_each_map_elem', fillMapElem],
  ['bpf_find_vma', fillFindVma],
  ['bpf_user_ringbuf_drain', fillUserRingbuf],
  ['bpf_timer_set_callback', fillTimer],
  ['bpf_wq_set_callback_impl', fillTimer],
  ['bpf_rbtree_add_impl', fillRbtreeLess],
]);

/** Functions whose callback runs later. */
const LATER: ReadonlySet<string> = new Set(['bpf_timer_set_callback', 'bpf_wq_set_callback_impl']);

/** True for functions that call back. */
export const takesCallback = (helper: string): boolean => FILL.has(helper);

/** A callback that runs later, on its own: a path with nothing but its frame. @kernel push_async_cb @fidelity full: cases_c.test.ts */
function pushLater(env: Env, fill: FillCallback, subprog: number, sleepable: boolean): void {
  const sub = must(env.subprogs[subprog], 'callback');
  sub.isAsyncCallback = true;
  const state = new VerifierState();
  const frame = new FuncState(BPF_MAIN_FUNC, 0, subprog);
  initFrame(frame);
  state.frame = [frame];
  state.insnIdx = sub.start;
  state.inSleepable = sleepable;
  frame.inAsyncCallback = true;
  frame.asyncEntries = env.cur.asyncEntries + 1;
  fill(env, env.cur, frame);
  env.stack.push({ state, insnIdx: sub.start, prevInsnIdx: env.insnIdx, logPos: env.log.end });
  if (env.stack.length > MAX_PENDING)
    env.reject('E2BIG', `The sequence of ${env.stack.length} jumps is too complex for async cb.`);
}

/**
 * Queues one run of a callback; the current path goes on as if it had run often enough.
 *
 * @param caller name of the helper or kfunc
 * @kernel push_callback_call, kernel/bpf/verifier.c
 * @fidelity full: rules.test.ts
 */
export function pushCallback(env: Env, name: string, subprog: number): void {
  const caller = env.cur;
  const fill = must(FILL.get(name), `callback of ${name}`);
  const sub = must(env.subprogs[subprog], 'callback');
  checkPassedArgs(env, subprog);
  sub.isCallback = true;
  if (LATER.has(name)) return pushLater(env, fill, subprog, name === 'bpf_wq_set_callback_impl');
  const { start } = sub;
  const queued = env.pushState(start, env.insnIdx);
  const callee = enterFrame(env, queued, subprog, env.insnIdx, (from, to) => fill(env, from, to));
  callee.inCallback = true;
  callee.callbackRet = { min: 0, max: 1 };
  queued.callbackUnrollDepth++;
  must(queued.frame[queued.curframe - 1], 'caller').callbackDepth++;
  caller.callbackDepth = 0;
}
