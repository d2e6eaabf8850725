/**
 * Dynptrs on the stack: two slots that only helpers may touch.
 *
 * Source: mark_stack_slots_dynptr, process_dynptr_func, kernel/bpf/verifier.c, Linux 6.12.
 */
import { BPF_REG_SIZE, STACK_DYNPTR, STACK_INVALID } from './state.ts';
import type { FuncState } from './state.ts';
import type { Env } from './env.ts';
import { acquireReference, releaseReference } from './refs.ts';
import { LIVE_READ64, LIVE_WRITTEN } from './reg.ts';
import type { RegState } from './reg.ts';
import { growStack } from './stack.ts';
import { CONST_PTR_TO_DYNPTR, PTR_TO_STACK } from './reg_type.ts';
import { markRegRead } from './live.ts';

export const DYNPTR_LOCAL = 1;
export const DYNPTR_RINGBUF = 2;
const NR_SLOTS = 2;

function clearSlot(frame: FuncState, spi: number): void {
  frame.fillSlot(spi, STACK_INVALID);
  const reg = frame.slot(spi);
  reg.setNotInit();
  reg.live |= LIVE_WRITTEN;
}

/** A plain store hit a slot: the dynptr in it ends, if its resource does not need releasing. */
export function destroyDynptrAt(env: Env, frame: FuncState, spi: number): void {
  if (frame.byte(spi, BPF_REG_SIZE - 1) !== STACK_DYNPTR) return;
  const first = frame.slot(spi).dynptrFirst ? spi : spi + 1;
  const reg = frame.slot(first);
  if (reg.refObjId !== 0) env.reject('EINVAL', 'cannot overwrite referenced dynptr');
  const { id } = reg;
  env.scratched.slot(first);
  env.scratched.slot(first - 1);
  clearSlot(frame, first);
  clearSlot(frame, first - 1);
  invalidateSlices(env, id);
}

/** Pointers into a dynptr's memory end with it. */
function invalidateSlices(env: Env, id: number): void {
  env.state.forEachReg((reg) => {
    if (id !== 0 && reg.id === id && reg.isPointer && reg.dynptrType === 0 && reg.memSize > 0)
      reg.setUnknown();
  });
}

/** The first slot of the dynptr that a register points to. */
export function dynptrSlot(env: Env, regno: number): { frame: FuncState; spi: number } {
  const reg = env.reg(regno);
  if (reg.type !== PTR_TO_STACK)
    env.reject('EINVAL', `arg#${regno - 1} expected pointer to stack or const struct bpf_dynptr`);
  if (!reg.isConst) env.reject('EINVAL', 'dynptr has to be at a constant offset');
  const off = reg.off + reg.constValue;
  if (off % BPF_REG_SIZE !== 0) env.reject('EINVAL', `cannot pass in dynptr at an offset=${off}`);
  const spi = -off / BPF_REG_SIZE - 1;
  if (spi < NR_SLOTS - 1) env.reject('EINVAL', `cannot pass in dynptr at an offset=${off}`);
  return { frame: env.frameOf(reg), spi };
}

/** A helper makes a dynptr in uninitialised slots. */
export function initDynptr(env: Env, regno: number, type: number): void {
  const { frame, spi } = dynptrSlot(env, regno);
  growStack(env, frame, (spi + 1) * BPF_REG_SIZE);
  destroyDynptrAt(env, frame, spi);
  destroyDynptrAt(env, frame, spi - 1);
  env.scratched.slot(spi);
  env.scratched.slot(spi - 1);
  const id = env.newId();
  const ref = type === DYNPTR_RINGBUF ? acquireReference(env, env.insnIdx) : 0;
  for (const [at, first] of [
    [spi, true],
    [spi - 1, false],
  ] as const) {
    frame.fillSlot(at, STACK_DYNPTR);
    const reg = frame.slot(at);
    reg.setPointer(CONST_PTR_TO_DYNPTR);
    reg.id = id;
    reg.dynptrType = type;
    reg.dynptrFirst = first;
    reg.refObjId = ref;
    reg.live |= LIVE_WRITTEN;
  }
}

/** The dynptr that a register points to must be initialised. @param type 0: any */
export function checkDynptr(env: Env, regno: number, type: number): RegState {
  const pointer = env.reg(regno);
  if (pointer.type === CONST_PTR_TO_DYNPTR) return pointer;
  const { frame, spi } = dynptrSlot(env, regno);
  const ok =
    spi < frame.slots &&
    frame.byte(spi, 0) === STACK_DYNPTR &&
    frame.byte(spi - 1, 0) === STACK_DYNPTR &&
    frame.slot(spi).dynptrFirst;
  if (!ok) env.reject('EINVAL', `Expected an initialized dynptr as arg #${regno - 1}`);
  const slot = frame.slot(spi);
  if (type !== 0 && slot.dynptrType !== type)
    env.reject(
      'EINVAL',
      `Expected a dynptr of type ${type === DYNPTR_RINGBUF ? 'ringbuf' : 'local'} as arg #${regno - 1}`,
    );
  for (const at of [spi, spi - 1]) {
    const reg = frame.slot(at);
    markRegRead(env, reg, reg.parent, LIVE_READ64);
  }
  return slot;
}

/** A helper ends a dynptr and what it held. */
export function releaseDynptr(env: Env, regno: number): void {
  const { frame, spi } = dynptrSlot(env, regno);
  const { refObjId, id } = frame.slot(spi);
  env.scratched.slot(spi);
  env.scratched.slot(spi - 1);
  clearSlot(frame, spi);
  clearSlot(frame, spi - 1);
  if (refObjId !== 0) releaseReference(env, refObjId);
  invalidateSlices(env, id);
}
