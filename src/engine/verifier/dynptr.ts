/**
 * Dynptrs: two stack slots that only helpers and kfuncs may touch, and pointers into the memory behind them.
 *
 * A callback may also be handed a pointer to a dynptr that is not its own (CONST_PTR_TO_DYNPTR).
 *
 * Source: mark_stack_slots_dynptr, process_dynptr_func, kernel/bpf/verifier.c, Linux 6.12.
 */
import type { Env } from './env.ts';
import { markRegRead } from './live.ts';
import { checkMemAccess } from './mem_access.ts';
import { acquireReference, releaseReference } from './refs.ts';
import { LIVE_READ64, LIVE_WRITTEN } from './reg.ts';
import type { RegState } from './reg.ts';
import { CONST_PTR_TO_DYNPTR, PTR_MAYBE_NULL, PTR_TO_MEM, PTR_TO_STACK } from './reg_type.ts';
import { stackPlaceOr } from './stack_object.ts';
import type { StackPlace } from './stack_object.ts';
import { BPF_REG_SIZE, STACK_DYNPTR, STACK_INVALID } from './state.ts';
import type { FuncState } from './state.ts';

export const DYNPTR_LOCAL = 1;
export const DYNPTR_RINGBUF = 2;
const NR_SLOTS = 2;
const NAMES: Readonly<Record<number, string>> = { [DYNPTR_LOCAL]: 'local', [DYNPTR_RINGBUF]: 'ringbuf' };
/** Kinds that hold something which must be given back. */
const isRefcounted = (type: number): boolean => type === DYNPTR_RINGBUF;

function clearSlots(env: Env, frame: FuncState, first: number): void {
  for (const spi of [first, first - 1]) {
    env.scratched.slot(spi);
    frame.fillSlot(spi, STACK_INVALID);
    const reg = frame.slot(spi);
    reg.setNotInit();
    reg.live |= LIVE_WRITTEN;
  }
}

/** Pointers into a dynptr's memory end with it. */
function invalidateSlices(env: Env, id: number): void {
  env.state.forEachReg((reg) => {
    const memory = reg.type === PTR_TO_MEM || reg.type === (PTR_TO_MEM | PTR_MAYBE_NULL);
    if (memory && id !== 0 && reg.dynptrId === id) reg.setUnknown();
  });
}

/** A store hit a slot: the dynptr in it ends, if it holds nothing. @kernel destroy_if_dynptr_stack_slot */
export function destroyDynptrAt(env: Env, frame: FuncState, spi: number): void {
  if (spi >= frame.slots || frame.byte(spi, BPF_REG_SIZE - 1) !== STACK_DYNPTR) return;
  const first = frame.slot(spi).dynptrFirst ? spi : spi + 1;
  const { dynptrType, id } = frame.slot(first);
  if (isRefcounted(dynptrType)) env.reject('EINVAL', 'cannot overwrite referenced dynptr');
  clearSlots(env, frame, first);
  invalidateSlices(env, id);
}

/** The place, or a refusal with the reason before it. */
const placeOr = (env: Env, regno: number, message: string): StackPlace =>
  stackPlaceOr(env, regno, 'dynptr', NR_SLOTS, message);

/** What the argument is to be. */
export interface DynptrUse {
  /** 0: any */
  readonly type: number;
  /** The slots are uninitialised, and the call makes one of them. */
  readonly made: boolean;
  /** A clone shares the reference of what it was cloned from. */
  readonly shareRef?: number;
}

function make(env: Env, regno: number, type: number, shareRef: number): RegState {
  const { frame, spi } = placeOr(env, regno, '');
  destroyDynptrAt(env, frame, spi);
  destroyDynptrAt(env, frame, spi - 1);
  const id = env.newId();
  const ref = isRefcounted(type) ? shareRef || acquireReference(env, env.insnIdx) : 0;
  for (const at of [spi, spi - 1]) {
    env.scratched.slot(at);
    frame.fillSlot(at, STACK_DYNPTR);
    const reg = frame.slot(at);
    reg.setPointer(CONST_PTR_TO_DYNPTR);
    reg.id = id;
    reg.dynptrType = type;
    reg.dynptrFirst = at === spi;
    reg.refObjId = ref;
    reg.live |= LIVE_WRITTEN;
  }
  return frame.slot(spi);
}

/**
 * An argument that is a dynptr.
 *
 * @returns what is known of it: its type, id and reference
 * @kernel process_dynptr_func, kernel/bpf/verifier.c
 * @fidelity partial: dynptrs of packets do not occur
 */
export function checkDynptr(env: Env, regno: number, use: DynptrUse): RegState {
  const pointer = env.reg(regno);
  const arg = `arg #${regno - 1}`;
  if (pointer.type !== PTR_TO_STACK && pointer.type !== CONST_PTR_TO_DYNPTR)
    env.reject('EINVAL', `arg#${regno - 1} expected pointer to stack or const struct bpf_dynptr`);
  if (use.made) {
    if (pointer.type === CONST_PTR_TO_DYNPTR)
      env.reject('EINVAL', 'Dynptr has to be an uninitialized dynptr');
    placeOr(env, regno, 'Dynptr has to be an uninitialized dynptr');
    for (const off of [0, 8])
      checkMemAccess(env, { regno, off, size: 8, write: true, value: -1, signed: false });
    return make(env, regno, use.type, use.shareRef ?? 0);
  }
  if (pointer.type === CONST_PTR_TO_DYNPTR) {
    checkType(env, pointer, use.type, arg);
    return pointer;
  }
  const { frame, spi, inside } = placeOr(env, regno, `Expected an initialized dynptr as ${arg}`);
  const ok = inside && frame.slot(spi).dynptrFirst && isAll(frame, spi) && isAll(frame, spi - 1);
  if (!ok) env.reject('EINVAL', `Expected an initialized dynptr as ${arg}`);
  const slot = frame.slot(spi);
  checkType(env, slot, use.type, arg);
  for (const at of [spi, spi - 1]) {
    const reg = frame.slot(at);
    markRegRead(env, reg, reg.parent, LIVE_READ64);
  }
  return slot;
}

function isAll(frame: FuncState, spi: number): boolean {
  for (let j = 0; j < BPF_REG_SIZE; j++) if (frame.byte(spi, j) !== STACK_DYNPTR) return false;
  return true;
}

function checkType(env: Env, dynptr: RegState, type: number, arg: string): void {
  if (type !== 0 && dynptr.dynptrType !== type)
    env.reject('EINVAL', `Expected a dynptr of type ${NAMES[type] ?? ''} as ${arg}`);
}

/** A dynptr that is released must be one of the program's own and hold something. */
export function checkOwned(env: Env, regno: number): void {
  const pointer = env.reg(regno);
  if (pointer.type !== PTR_TO_STACK) env.reject('EINVAL', 'cannot release unowned const bpf_dynptr');
  const message = `arg ${regno} is an unacquired reference`;
  const { frame, spi, inside } = placeOr(env, regno, message);
  if (!inside || frame.slot(spi).refObjId === 0) env.reject('EINVAL', message);
}

/**
 * A helper ends a dynptr and what it held, with every clone.
 *
 * @kernel unmark_stack_slots_dynptr, kernel/bpf/verifier.c
 * @fidelity full: cases_c.test.ts
 */
export function releaseDynptr(env: Env, regno: number): void {
  const { frame, spi } = placeOr(env, regno, '');
  const { refObjId, dynptrType } = frame.slot(spi);
  if (!isRefcounted(dynptrType)) return clearSlots(env, frame, spi);
  releaseReference(env, refObjId);
  for (let at = 1; at < frame.slots; at++) {
    const slot = frame.slot(at);
    if (slot.refObjId === refObjId && slot.dynptrFirst) clearSlots(env, frame, at);
  }
}

/** The pointer that a callback gets to a dynptr which is not its own. */
export function setConstDynptr(env: Env, reg: RegState, type: number): void {
  reg.setPointer(CONST_PTR_TO_DYNPTR);
  reg.id = env.newId();
  reg.dynptrType = type;
  reg.dynptrFirst = true;
}
