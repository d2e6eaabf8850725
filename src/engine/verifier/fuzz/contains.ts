/**
 * Does what the verifier knew of a moment contain what really was?
 *
 *     VerifierState (frames, registers, stack slots)  contains  Concrete (values of registers, bytes of stacks)
 */
import { must } from '../../../shared/assert.ts';
import type { Addr } from '../../../shared/brand.ts';
import { ADD_CONST } from '../reg.ts';
import type { RegState } from '../reg.ts';
import {
  CONST_PTR_TO_MAP,
  MEM_RCU,
  MEM_RINGBUF,
  NOT_INIT,
  PTR_TO_BTF_ID,
  PTR_TO_CTX,
  PTR_TO_MAP_VALUE,
  PTR_TO_MEM,
  PTR_TO_STACK,
  PTR_TRUSTED,
  SCALAR_VALUE,
  baseType,
  mayBeNull,
} from '../reg_type.ts';
import type { MapInfo } from '../request.ts';
import type { FuncState, VerifierState } from '../state.ts';
import { STACK_SPILL, STACK_ZERO } from '../state.ts';

/** A moment of a real run. */
export interface Concrete {
  /** Innermost frame; the outermost is 0. */
  readonly depth: number;
  reg(frame: number, n: number): bigint;
  /** A byte of a frame's stack. @param off from its R10, negative */
  byte(frame: number, off: number): number;
  readonly ctx: Addr;
  /** Eight bytes of a frame's stack. @param off from its R10, negative */
  slot(frame: number, off: number): bigint;
  /** Starts of the values of a map that were handed out, null: nobody keeps account of this map. */
  values(map: MapInfo): ReadonlySet<Addr> | null;
  /** Ring buffer records that were handed out, by their start. */
  readonly records: ReadonlyMap<Addr, unknown>;
}

const low = (value: bigint): number => Number(value & 0xffff_ffffn);

/** The number lies in all five views of a register: bits, and ranges signed and unsigned, wide and narrow. */
export function containsNumber(reg: RegState, value: bigint): boolean {
  const signed = BigInt.asIntN(64, value);
  const half = low(value);
  return (
    (value & ~reg.var.m & 0xffff_ffff_ffff_ffffn) === reg.var.v &&
    value >= reg.umin &&
    value <= reg.umax &&
    signed >= reg.smin &&
    signed <= reg.smax &&
    half >= reg.u32min &&
    half <= reg.u32max &&
    (half | 0) >= reg.s32min &&
    (half | 0) <= reg.s32max
  );
}

const isOffset = (reg: RegState, start: Addr, value: bigint): boolean =>
  containsNumber(reg, BigInt.asUintN(64, value - start - BigInt(reg.off)));

function anyOffset(reg: RegState, starts: Iterable<Addr>, value: bigint): boolean {
  for (const start of starts) if (isOffset(reg, start, value)) return true;
  return false;
}

/**
 * What a register of this type can hold. Objects of the kernel are only known not to be NULL.
 *
 * @param below frames of the run below the state's outermost one: functions that are verified by themselves
 */
export function containsValue(reg: RegState, value: bigint, real: Concrete, below: number): boolean {
  if (reg.type === NOT_INIT) return true;
  if (reg.type === SCALAR_VALUE) return containsNumber(reg, value);
  if (mayBeNull(reg.type) && value === 0n) return true;
  switch (baseType(reg.type)) {
    case PTR_TO_STACK:
      return isOffset(reg, real.reg(reg.frameno + below, 10), value);
    case PTR_TO_CTX:
      return isOffset(reg, real.ctx, value);
    case CONST_PTR_TO_MAP:
      return real.values(must(reg.map, 'map')) === null || isOffset(reg, must(reg.map, 'map').address, value);
    case PTR_TO_MAP_VALUE: {
      const starts = real.values(must(reg.map, 'map'));
      return starts === null ? value !== 0n : anyOffset(reg, starts, value);
    }
    case PTR_TO_MEM:
      return (reg.type & MEM_RINGBUF) === 0 || anyOffset(reg, real.records.keys(), value);
    case PTR_TO_BTF_ID:
      return (reg.type & (PTR_TRUSTED | MEM_RCU)) === 0 || value !== 0n;
    default:
      return true;
  }
}

/** Linked scalars differ by what the verifier says. */
class Links {
  private bases: Map<number, bigint> | null = null;

  agree(reg: RegState, value: bigint): boolean {
    if (reg.type !== SCALAR_VALUE || reg.id === 0) return true;
    const id = reg.id & ~ADD_CONST;
    const base = BigInt.asUintN(64, value - (reg.id & ADD_CONST ? BigInt(reg.off) : 0n));
    this.bases ??= new Map();
    const known = this.bases.get(id);
    if (known === undefined) this.bases.set(id, base);
    return known === undefined || known === base;
  }
}

/** @returns what is outside, or null */
function slotOutside(
  frame: FuncState,
  below: number,
  spi: number,
  real: Concrete,
  links: Links,
): string | null {
  const f = frame.frameno + below;
  const at = -8 * (spi + 1);
  let spilled = 0;
  for (let j = 7; j >= 0; j--) {
    if (frame.byte(spi, j) === STACK_SPILL) spilled++;
    if (frame.byte(spi, j) === STACK_ZERO && real.byte(f, at + 7 - j) !== 0) return `byte fp${at + 7 - j}`;
  }
  if (spilled === 0) return null;
  const reg = frame.slot(spi);
  if (reg.isAnyScalar || (spilled < 8 && reg.bitWidth() > spilled * 8)) return null;
  const value = BigInt.asUintN(8 * spilled, real.slot(f, at));
  return containsValue(reg, value, real, below) && links.agree(reg, value) ? null : `fp${at}`;
}

/** The first register or slot of any frame that the state does not contain, or null. */
export function outside(state: VerifierState, real: Concrete): string | null {
  const links = new Links();
  const below = real.depth - state.curframe;
  for (let f = state.curframe; f >= 0; f--) {
    const frame = must(state.frame[f], 'frame');
    for (let n = 0; n <= 10; n++) {
      const reg = frame.reg(n);
      if (reg.type === NOT_INIT || reg.isAnyScalar) continue;
      const value = real.reg(f + below, n);
      if (!containsValue(reg, value, real, below) || !links.agree(reg, value)) return `frame${f} R${n}`;
    }
    for (let spi = 0; spi < frame.slots; spi++) {
      const slot = slotOutside(frame, below, spi, real, links);
      if (slot) return `frame${f} ${slot}`;
    }
  }
  return null;
}

/** The same for some registers of the innermost frame. */
export function registersOutside(
  state: VerifierState,
  registers: readonly number[],
  real: Concrete,
): string | null {
  for (const n of registers) {
    const reg = state.cur.reg(n);
    if (reg.type === NOT_INIT) return `R${n} (never set)`;
    if (!containsValue(reg, real.reg(real.depth, n), real, real.depth - state.curframe)) return `R${n}`;
  }
  return null;
}
