/**
 * Open-coded iterators: `struct bpf_iter_<x>` on the stack, made by new, stepped by next, ended by destroy.
 *
 * next forks: it returned an element (queued: still active, one deeper), or NULL (drained, followed now).
 *
 * Source: process_iter_arg, process_iter_next_call, kernel/bpf/verifier.c, Linux 6.12.
 */
import { must } from '../../shared/assert.ts';
import type { TypeId } from '../../shared/brand.ts';
import { pointee, sizeOf } from '../btf/layout.ts';
import type { Env } from './env.ts';
import type { KfuncMeta } from './kfunc_meta.ts';
import { markRegRead } from './live.ts';
import { checkMemAccess } from './mem_access.ts';
import { acquireReference, releaseReference } from './refs.ts';
import { LIVE_READ64, LIVE_WRITTEN } from './reg.ts';
import type { RegState } from './reg.ts';
import { MEM_RCU, PTR_MAYBE_NULL, PTR_TO_STACK, PTR_UNTRUSTED } from './reg_type.ts';
import { stackPlaceOr } from './stack_object.ts';
import type { StackPlace } from './stack_object.ts';
import type { FuncState, VerifierState } from './state.ts';
import { BPF_REG_SIZE, STACK_INVALID, STACK_ITER } from './state.ts';
import { findPrevEntry, widenImprecise } from './widen.ts';

const ACTIVE = 1;
const DRAINED = 2;

/** Where an iterator lies: slots spi, spi - 1, ... down to its end. */
export interface IterPlace {
  readonly frameno: number;
  readonly spi: number;
  readonly refObjId: number;
}

function isUninit(frame: FuncState, spi: number, slots: number): boolean {
  for (let i = 0; i < slots; i++)
    for (let j = 0; j < BPF_REG_SIZE; j++) if (frame.byte(spi - i, j) === STACK_ITER) return false;
  return true;
}

/** 'ok', or why the slots are no initialised iterator of this type. */
function initState(env: Env, place: StackPlace, slots: number, type: TypeId): 'ok' | 'EINVAL' | 'EPROTO' {
  if (!place.inside) return 'EINVAL';
  for (let i = 0; i < slots; i++) {
    const reg = place.frame.slot(place.spi - i);
    for (let j = 0; j < BPF_REG_SIZE; j++)
      if (place.frame.byte(place.spi - i, j) !== STACK_ITER) return 'EINVAL';
    if (reg.type & PTR_UNTRUSTED) return 'EPROTO';
    if ((i === 0) !== (reg.refObjId !== 0)) return 'EINVAL';
    if (reg.btf !== env.request.kernelBtf || reg.btfId !== type) return 'EINVAL';
  }
  return 'ok';
}

function markNew(env: Env, meta: KfuncMeta, place: StackPlace, slots: number, type: TypeId): void {
  const id = acquireReference(env, env.insnIdx);
  for (let i = 0; i < slots; i++) {
    const spi = place.spi - i;
    const reg = place.frame.slot(spi);
    const rcu = meta.flags.has('RCU_PROTECTED') ? (env.inRcuSection ? MEM_RCU : PTR_UNTRUSTED) : 0;
    reg.setPointer(PTR_TO_STACK | rcu);
    reg.live |= LIVE_WRITTEN;
    reg.refObjId = i === 0 ? id : 0;
    reg.btf = env.request.kernelBtf;
    reg.btfId = type;
    reg.iterState = ACTIVE;
    reg.iterDepth = 0;
    place.frame.fillSlot(spi, STACK_ITER);
    env.scratched.slot(spi);
  }
}

function unmark(env: Env, place: StackPlace, slots: number): void {
  for (let i = 0; i < slots; i++) {
    const spi = place.spi - i;
    const reg = place.frame.slot(spi);
    if (i === 0) releaseReference(env, reg.refObjId);
    reg.setNotInit();
    reg.live |= LIVE_WRITTEN;
    place.frame.fillSlot(spi, STACK_INVALID);
    env.scratched.slot(spi);
  }
}

/**
 * The iterator argument of new, next, destroy, or of a kfunc that takes one.
 *
 * @param typeId the parameter's type, a pointer to struct bpf_iter_<x>
 * @returns where it lies, for next; null after new and destroy
 * @kernel process_iter_arg, kernel/bpf/verifier.c
 * @fidelity full: rules.test.ts
 */
export function checkIterArg(env: Env, meta: KfuncMeta, regno: number, typeId: TypeId): IterPlace | null {
  const btf = env.request.kernelBtf;
  const type = pointee(btf, typeId);
  const name = btf.nameOf(type).replace(/^bpf_/, '');
  const slots = sizeOf(btf, type) / BPF_REG_SIZE;
  if (env.reg(regno).type !== PTR_TO_STACK)
    env.reject('EINVAL', `arg#${regno - 1} expected pointer to an iterator on stack`);
  const isNew = meta.flags.has('ITER_NEW');
  const message = `expected ${isNew ? 'uninitialized' : 'an initialized'} ${name} as arg #${regno - 1}`;
  const place = stackPlaceOr(env, regno, 'iter', slots, message);
  if (isNew) {
    if (place.inside && !isUninit(place.frame, place.spi, slots)) env.reject('EINVAL', message);
    for (let i = 0; i < slots; i++)
      checkMemAccess(env, { regno, off: i * 8, size: 8, write: true, value: -1, signed: false });
    markNew(env, meta, place, slots, type);
    return null;
  }
  const state = initState(env, place, slots, type);
  if (state === 'EPROTO') env.reject('EPROTO', `expected an RCU CS when using ${meta.name}`);
  if (state !== 'ok') env.reject('EINVAL', message);
  for (let i = 0; i < slots; i++) {
    const reg = place.frame.slot(place.spi - i);
    markRegRead(env, reg, reg.parent, LIVE_READ64);
    env.scratched.slot(place.spi - i);
  }
  const { refObjId } = place.frame.slot(place.spi);
  const frameno = env.reg(regno).frameno;
  if (meta.flags.has('ITER_DESTROY')) {
    unmark(env, place, slots);
    return null;
  }
  return { frameno, spi: place.spi, refObjId };
}

/** The slot that carries an iterator's state. */
export const iterSlot = (state: VerifierState, place: IterPlace): RegState =>
  must(state.frame[place.frameno], 'frame').slot(place.spi);

/**
 * After a call of next: queue "an element", go on with NULL.
 *
 * @kernel process_iter_next_call, kernel/bpf/verifier.c
 * @fidelity full: rules.test.ts
 */
export function forkIterNext(env: Env, place: IterPlace): void {
  const { state } = env;
  const iter = iterSlot(state, place);
  if (iter.iterState === ACTIVE) {
    const prev = findPrevEntry(env, state.parent, env.insnIdx);
    const queued = env.pushState(env.insnIdx + 1, env.insnIdx);
    const queuedIter = iterSlot(queued, place);
    queuedIter.iterState = ACTIVE;
    queuedIter.iterDepth++;
    if (prev) widenImprecise(env, prev, queued);
    queued.cur.reg(0).type &= ~PTR_MAYBE_NULL;
  }
  iter.iterState = DRAINED;
  env.reg(0).setConst(0n);
}
