/**
 * Objects of the kernel that lie on a program's stack: dynptrs, iterators, saved interrupt flags. Each takes whole
 * slots, at an offset that is known.
 */
import type { Env } from './env.ts';
import type { FuncState } from './state.ts';
import { BPF_REG_SIZE } from './state.ts';

/** Slots spi, spi - 1, ... down to the object's end. */
export interface StackPlace {
  readonly frame: FuncState;
  readonly spi: number;
  /** Those slots are in use. */
  readonly inside: boolean;
}

/**
 * Where a pointer to stack says that an object is, or why there can be none.
 *
 * @param what the object's name in messages
 * @param slots its size, in slots
 * @kernel stack_slot_obj_get_spi, kernel/bpf/verifier.c
 * @fidelity full: cases.test.ts
 */
export function stackPlace(env: Env, regno: number, what: string, slots: number): StackPlace | string {
  const reg = env.reg(regno);
  if (!reg.isConst) return `${what} has to be at a constant offset`;
  const off = reg.off + reg.constValue;
  const spi = -off / BPF_REG_SIZE - 1;
  if (off % BPF_REG_SIZE !== 0 || spi + 1 < slots) return `cannot pass in ${what} at an offset=${off}`;
  const frame = env.frameOf(reg);
  return { frame, spi, inside: spi < frame.slots };
}

/** The place, or a refusal with the reason before it. */
export function stackPlaceOr(
  env: Env,
  regno: number,
  what: string,
  slots: number,
  message: string,
): StackPlace {
  const place = stackPlace(env, regno, what, slots);
  return typeof place === 'string' ? env.reject('EINVAL', `${place}\n${message}`) : place;
}
