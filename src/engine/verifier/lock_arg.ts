/**
 * Locks in map values and objects: bpf_spin_lock, of which one may be held, and since 6.15 resilient locks, which
 * nest, are given back the last first, and may be refused: then R0 is an errno and nothing is held.
 *
 * Source: process_spin_lock, kernel/bpf/verifier.c, Linux 6.15.
 */
import { must } from '../../shared/assert.ts';
import { inRbtreeCallback, invalidateNonOwning } from './collections.ts';
import type { Env } from './env.ts';
import { LIVE_WRITTEN } from './reg.ts';
import type { RegState } from './reg.ts';
import { MEM_ALLOC, PTR_TO_BTF_ID, PTR_TO_MAP_VALUE } from './reg_type.ts';
import { syncBounds } from './agree.ts';
import { mustHaveBtf, placeIn, recordOfReg } from './special_arg.ts';
import type { HeldLock, LockKind } from './state.ts';

const MAX_ERRNO = 4095;

const isSameObject = (a: HeldLock, b: HeldLock): boolean => a.holder === b.holder && a.id === b.id;
const isSame = (a: HeldLock, b: HeldLock): boolean => a.kind === b.kind && isSameObject(a, b);

/** The lock that an argument points at exactly. @param name of its functions, without `_lock` */
function lockAt(env: Env, regno: number, kind: LockKind, name: string): HeldLock {
  const reg = env.reg(regno);
  const what = `${name}_lock`;
  const at = placeIn(env, regno, what);
  const { map } = reg;
  if (map) mustHaveBtf(env, map, what);
  const field = recordOfReg(env, reg).find((one) => one.kind === what);
  if (!field)
    return env.reject('EINVAL', `${map ? `map '${map.name}'` : "local 'kptr'"} has no valid ${what}`);
  if (field.offset !== at)
    env.reject('EINVAL', `off ${at} doesn't point to 'struct ${what}' that is at ${field.offset}`);
  return { kind, holder: must(map ?? reg.btf, 'holder of a lock'), id: reg.id };
}

/** A bpf_spin_lock is never taken while another lock is held: no helper may be called then. */
function take(env: Env, lock: HeldLock): void {
  const { state } = env;
  if (state.locks.some((held) => isSameObject(held, lock)))
    env.reject('EINVAL', 'Acquiring the same lock again, AA deadlock detected');
  state.locks = [...state.locks, lock];
}

function giveBack(env: Env, lock: HeldLock, name: string): void {
  const { state } = env;
  const last = state.locks.at(-1);
  if (!last) return env.reject('EINVAL', `${name}_unlock without taking a lock`);
  if (!state.locks.some((held) => isSame(held, lock)))
    env.reject('EINVAL', `${name}_unlock of different lock`);
  if (!isSameObject(last, lock)) env.reject('EINVAL', `${name}_unlock cannot be out of order`);
  invalidateNonOwning(env);
  state.locks = state.locks.slice(0, -1);
}

/** bpf_spin_lock and bpf_spin_unlock. @kernel process_spin_lock @fidelity full: rules.test.ts */
export function checkLock(env: Env, regno: number, locks: boolean): void {
  if (inRbtreeCallback(env)) env.reject('EACCES', "can't spin_{lock,unlock} in rbtree cb");
  const lock = lockAt(env, regno, 'spin', 'bpf_spin');
  if (locks) take(env, lock);
  else giveBack(env, lock, 'bpf_spin');
}

const TAKES: ReadonlySet<string> = new Set(['bpf_res_spin_lock', 'bpf_res_spin_lock_irqsave']);
/** Functions that may refuse the lock. */
export const takesResLock = (kfunc: string): boolean => TAKES.has(kfunc);

/** A resilient lock that is taken or given back. @kernel process_spin_lock @fidelity full: cases_c.test.ts */
export function checkResLock(env: Env, kfunc: string, regno: number): void {
  const { type } = env.reg(regno);
  if (type !== PTR_TO_MAP_VALUE && type !== (PTR_TO_BTF_ID | MEM_ALLOC))
    env.reject('EINVAL', `arg#${regno - 1} doesn't point to map value or allocated object`);
  const lock = lockAt(env, regno, kfunc.includes('_irq') ? 'res_irq' : 'res', 'bpf_res_spin');
  if (takesResLock(kfunc)) take(env, lock);
  else giveBack(env, lock, 'bpf_res_spin');
}

function setErrno(env: Env, r0: RegState): void {
  r0.setUnknown();
  r0.smin = BigInt(-MAX_ERRNO);
  r0.s32min = -MAX_ERRNO;
  r0.smax = -1n;
  r0.s32max = -1;
  syncBounds(r0);
  r0.live |= LIVE_WRITTEN;
  r0.subregDef = env.insnIdx + 1;
}

/** Queues the path on which the lock was refused: nothing of the call happened. */
export function forkRefusal(env: Env): void {
  const { cur } = env.pushState(env.insnIdx + 1, env.insnIdx);
  for (let i = 0; i <= 5; i++) cur.reg(i).setNotInit();
  setErrno(env, cur.reg(0));
}
