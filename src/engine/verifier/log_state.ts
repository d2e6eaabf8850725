/**
 * Registers and stack as the log shows them: ` R1_w=ctx() R10=fp0 fp-8=mmmmmmmm refs=2`.
 *
 * Source: print_verifier_state, print_reg_state, kernel/bpf/log.c, Linux 6.12.
 */
import { S64_MAX, S64_MIN, U64_MAX, hex } from '../../shared/int64.ts';
import { ADD_CONST, LIVE_DONE, LIVE_READ, LIVE_WRITTEN, S32_MAX, S32_MIN, U32_MAX } from './reg.ts';
import type { RegState } from './reg.ts';
import {
  CONST_PTR_TO_DYNPTR,
  CONST_PTR_TO_MAP,
  NOT_INIT,
  PTR_TO_ARENA,
  PTR_TO_BTF_ID,
  PTR_TO_MAP_KEY,
  PTR_TO_MAP_VALUE,
  PTR_TO_MEM,
  PTR_TO_STACK,
  SCALAR_VALUE,
  baseType,
  regTypeName,
} from './reg_type.ts';
import { BPF_REG_SIZE, STACK_DYNPTR, STACK_INVALID, STACK_ITER, STACK_SPILL } from './state.ts';
import type { FuncState, SavedIrq } from './state.ts';
import type { Tnum } from './tnum.ts';

/** '?', 'r', 'm', '0', 'd', 'i', 'f' by the number of the slot type. */
const SLOT_LETTERS = '?rm0dif';
const ITER_STATES: readonly string[] = ['', 'active', 'drained'];
export const DYNPTR_NAMES: readonly string[] = ['', 'local', 'ringbuf', 'skb', 'xdp'];

/** Decimal within 16 bits, else hex. */
const unum = (x: bigint): string => (x <= 0xffffn ? String(x) : hex(x));
const snum = (x: bigint): string => (x >= -0x8000n && x <= 0x7fffn ? String(x) : hex(x));

/** `(0x0; 0xff)`, or the number when nothing is unknown. */
export const tnumText = (t: Tnum): string => (t.m === 0n ? unum(t.v) : `(${hex(t.v)}; ${hex(t.m)})`);

/** How liveness shows: '_rw', or not at all. */
export type LiveText = (live: number) => string;
export const noLiveness: LiveText = () => '';

export function livenessText(live: number): string {
  if ((live & (LIVE_READ | LIVE_WRITTEN | LIVE_DONE)) === 0) return '';
  return (
    '_' + (live & LIVE_READ ? 'r' : '') + (live & LIVE_WRITTEN ? 'w' : '') + (live & LIVE_DONE ? 'D' : '')
  );
}

interface Bound {
  readonly name: string;
  readonly value: bigint;
  omit: boolean;
}

/** 32-bit signed numbers print as 64-bit ones when decimal, and without sign extension when hex. */
const s32Value = (x: number): bigint => (x >= -0x8000 && x <= 0x7fff ? BigInt(x) : BigInt(x >>> 0));

/** `smin=smin32=0,smax=umax=255`: bounds that are equal share a number. */
function rangeItems(reg: RegState): string[] {
  const bounds: Bound[] = [
    { name: 'smin', value: reg.smin, omit: reg.smin === S64_MIN },
    { name: 'smax', value: reg.smax, omit: reg.smax === S64_MAX },
    { name: 'umin', value: reg.umin, omit: reg.umin === 0n },
    { name: 'umax', value: reg.umax, omit: reg.umax === U64_MAX },
    { name: 'smin32', value: s32Value(reg.s32min), omit: reg.s32min === S32_MIN },
    { name: 'smax32', value: s32Value(reg.s32max), omit: reg.s32max === S32_MAX },
    { name: 'umin32', value: BigInt(reg.u32min), omit: reg.u32min === 0 },
    { name: 'umax32', value: BigInt(reg.u32max), omit: reg.u32max === U32_MAX },
  ];
  const negative = (b: Bound): boolean => b.name[0] === 's' && BigInt.asIntN(64, b.value) < 0n;
  const items: string[] = [];
  bounds.forEach((bound, i) => {
    if (bound.omit) return;
    let item = `${bound.name}=`;
    for (let k = i + 2; k < bounds.length; k += 2) {
      const other = bounds[k];
      if (!other || other.omit || BigInt.asUintN(64, other.value) !== BigInt.asUintN(64, bound.value))
        continue;
      if (negative(other) !== negative(bound)) continue;
      other.omit = true;
      item += `${other.name}=`;
    }
    items.push(item + (bound.name[0] === 's' ? snum(bound.value) : unum(bound.value)));
  });
  return items;
}

const isMapType = (type: number): boolean =>
  [CONST_PTR_TO_MAP, PTR_TO_MAP_VALUE, PTR_TO_MAP_KEY].includes(baseType(type));

/** The value of a register: `trusted_ptr_task_struct(off=8)`, `scalar(umax=3)`, `fp-8`, `P0`. */
export function regText(reg: RegState, frameno: number): string {
  const type = reg.type;
  const fixed = BigInt.asIntN(64, reg.var.v) + BigInt(reg.off);
  const precise = type === SCALAR_VALUE && reg.precise ? 'P' : '';
  if (type === SCALAR_VALUE && reg.isConst) return precise + snum(fixed);
  let text = precise + regTypeName(type);
  if (type === PTR_TO_ARENA) return text;
  if (type === PTR_TO_STACK) {
    if (reg.frameno !== frameno) text += `[${reg.frameno}]`;
    if (reg.isConst) return text + snum(fixed);
  }
  const base = baseType(type);
  if (base === PTR_TO_BTF_ID) text += reg.btf?.nameOf(reg.btfId) ?? '';
  const items: string[] = [];
  if (reg.id !== 0) {
    const delta = reg.id & ADD_CONST ? (reg.off < 0 ? String(reg.off) : `+${reg.off}`) : '';
    items.push(`id=${reg.id & ~ADD_CONST}${delta}`);
  }
  if (reg.refObjId !== 0) items.push(`ref_obj_id=${reg.refObjId}`);
  if (isMapType(type) && reg.map) {
    if (reg.map.name !== '') items.push(`map=${reg.map.name}`);
    items.push(`ks=${reg.map.keySize}`, `vs=${reg.map.valueSize}`);
  }
  if (type !== SCALAR_VALUE && reg.off !== 0) items.push(`off=${snum(BigInt(reg.off))}`);
  if (base === PTR_TO_MEM) items.push(`sz=${unum(BigInt(reg.memSize))}`);
  if (type === CONST_PTR_TO_DYNPTR) items.push(`type=${DYNPTR_NAMES[reg.dynptrType] ?? ''}`);
  if (reg.isConst) {
    if (reg.var.v !== 0n) items.push(`imm=${snum(BigInt.asIntN(64, reg.var.v))}`);
  } else {
    items.push(...rangeItems(reg));
    if (reg.var.m !== U64_MAX) items.push(`var_off=${tnumText(reg.var)}`);
  }
  return `${text}(${items.join(',')})`;
}

function dynptrText(reg: RegState): string {
  const items: string[] = [];
  if (reg.id !== 0) items.push(`id=${reg.id}`);
  if (reg.refObjId !== 0) items.push(`ref_id=${reg.refObjId}`);
  // the kernel prints a field that shares its place with "this is the first slot"
  if (reg.dynptrFirst) items.push('dynptr_id=1');
  return `dynptr_${DYNPTR_NAMES[reg.dynptrType] ?? ''}(${items.join(',')})`;
}

/** 'num' for `struct bpf_iter_num`. */
export const iterTypeName = (reg: RegState): string =>
  (reg.btf?.nameOf(reg.btfId) ?? '').replace(/^bpf_/, '');

/** Which registers and slots changed since they were last printed. */
export class Scratched {
  regs = 0;
  /** Slots 0-31 and 32-63, a bit each. */
  private low = 0;
  private high = 0;
  reg(n: number): void {
    this.regs |= 1 << n;
  }
  slot(spi: number): void {
    if (spi < 32) this.low |= 1 << spi;
    else this.high |= 1 << (spi & 31);
  }
  all(): void {
    this.regs = 0x7ff;
    this.low = this.high = -1;
  }
  clear(): void {
    this.regs = this.low = this.high = 0;
  }
  hasReg(n: number): boolean {
    return (this.regs & (1 << n)) !== 0;
  }
  hasSlot(spi: number): boolean {
    return ((spi < 32 ? this.low : this.high) & (1 << (spi & 31))) !== 0;
  }
  get any(): boolean {
    return (this.regs | this.low | this.high) !== 0;
  }
}

function stackTexts(frame: FuncState, shown: (spi: number) => boolean, live: LiveText): string[] {
  const items: string[] = [];
  for (let i = 0; i < frame.slots; i++) {
    if (!shown(i)) continue;
    const bytes = Array.from({ length: BPF_REG_SIZE }, (_, j) => frame.byte(i, j));
    if (bytes.every((type) => type === STACK_INVALID)) continue;
    const letters = (types: readonly number[]): string =>
      types.map((type) => SLOT_LETTERS[type] ?? '?').join('');
    let reg = frame.slot(i);
    const place = (spi: number): string => `fp${-(spi + 1) * BPF_REG_SIZE}${live(frame.slot(spi).live)}=`;
    switch (bytes[BPF_REG_SIZE - 1]) {
      case STACK_SPILL: {
        const above = bytes.slice(0, bytes.indexOf(STACK_SPILL));
        items.push(place(i) + letters(above) + regText(reg, frame.frameno));
        break;
      }
      case STACK_DYNPTR:
        i += 1;
        reg = frame.slot(i);
        items.push(place(i) + dynptrText(reg));
        break;
      case STACK_ITER:
        // only the slot that holds the reference is printed
        if (reg.refObjId === 0) break;
        items.push(
          `${place(i)}${iterTypeName(reg)}(ref_id=${reg.refObjId},state=${ITER_STATES[reg.iterState] ?? ''},depth=${reg.iterDepth})`,
        );
        break;
      default:
        items.push(place(i) + letters(bytes));
    }
  }
  return items;
}

/**
 * One frame, items separated and preceded by spaces.
 *
 * @param scratched what to show; null: all
 * @param live how liveness shows in this release
 * @param irqs saved interrupt flags, which are listed with the references
 */
export function frameText(
  frame: FuncState,
  scratched: Scratched | null,
  live: LiveText,
  irqs: readonly SavedIrq[],
): string {
  const items: string[] = [];
  if (frame.frameno !== 0) items.push(`frame${frame.frameno}:`);
  frame.regs.forEach((reg, n) => {
    if (reg.type === NOT_INIT || (scratched && !scratched.hasReg(n))) return;
    items.push(`R${n}${live(reg.live)}=${regText(reg, frame.frameno)}`);
  });
  items.push(...stackTexts(frame, (spi) => !scratched || scratched.hasSlot(spi), live));
  const acquired = frame.refs.map((ref) => ref.id).filter((id) => id !== 0);
  // ids grow, so that their order is that in which both kinds were acquired
  const refs =
    irqs.length === 0 ? acquired : [...acquired, ...irqs.map((irq) => irq.id)].toSorted((a, b) => a - b);
  if (refs.length > 0) items.push(`refs=${refs.join(',')}`);
  if (frame.inCallback) items.push('cb');
  if (frame.inAsyncCallback) items.push('async_cb');
  return items.map((item) => ` ${item}`).join('');
}
