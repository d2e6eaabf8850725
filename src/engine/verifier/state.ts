/**
 * The machine during simulation: frames with registers and stack, references, and what regions are open.
 *
 * A state that was stored for pruning stays; the current one is copied from it and knows it as `parent`.
 *
 *     VerifierState -> frame[0..curframe] -> regs[0..10], stack slots of 8 bytes
 *
 * Source: struct bpf_verifier_state, bpf_func_state, include/linux/bpf_verifier.h, Linux 6.12.
 */
import type { Bytes, InsnIndex } from '../../shared/brand.ts';
import { must } from '../../shared/assert.ts';
import { RegState } from './reg.ts';
import { SCALAR_VALUE } from './reg_type.ts';

export const MAX_BPF_REG = 11;
export const BPF_REG_FP = 10;
export const BPF_REG_SIZE = 8;
/** callsite of the outermost frame. */
export const BPF_MAIN_FUNC = -1;

/** What one byte of stack holds. */
export const STACK_INVALID = 0;
export const STACK_SPILL = 1;
export const STACK_MISC = 2;
export const STACK_ZERO = 3;
export const STACK_DYNPTR = 4;
export const STACK_ITER = 5;
export const STACK_IRQ_FLAG = 6;

export interface RefState {
  readonly id: number;
  readonly insn: InsnIndex;
  /** Frame of the callback that acquired it, 0: no callback. */
  readonly callbackFrame: number;
}

/** bpf_spin_lock, a resilient lock, or one that also switches interrupts off. */
export type LockKind = 'spin' | 'res' | 'res_irq';
export interface HeldLock {
  readonly kind: LockKind;
  /** The map, or the types of the object, that the lock is in. */
  readonly holder: object;
  /** Id of the pointer that it was taken by. */
  readonly id: number;
}

/** Interrupt flags that the program saved, and where. */
export interface SavedIrq {
  readonly id: number;
  /** Who saved them. */
  readonly by: 'native' | 'lock';
  readonly insn: InsnIndex;
}

/** Accepted values of R0 at the end of a function. */
export interface RetvalRange {
  readonly min: number;
  readonly max: number;
}

function freshRegs(): RegState[] {
  const regs: RegState[] = [];
  for (let n = 0; n < MAX_BPF_REG; n++) regs.push(new RegState());
  return regs;
}

/** A stack that nobody used. */
const NO_SLOTS = new Uint8Array(0);

export class FuncState {
  readonly frameno: number;
  readonly subprogno: number;
  /** The call instruction in the caller. */
  readonly callsite: InsnIndex;
  regs: RegState[];
  /** A byte per byte of stack; index spi * 8 + j, where j = 7 is the lowest address of a slot. */
  slotType: Uint8Array;
  /** One per slot. */
  spilled: RegState[];
  refs: RefState[] = [];
  inCallback = false;
  inAsyncCallback = false;
  /** How many times an asynchronous callback arranged for the next. */
  asyncEntries = 0;
  callbackRet: RetvalRange = { min: 0, max: 0 };
  callbackDepth = 0;

  /** @param regs absent: none of them is initialised */
  constructor(callsite: InsnIndex, frameno: number, subprogno: number, regs?: RegState[]) {
    this.callsite = callsite;
    this.frameno = frameno;
    this.subprogno = subprogno;
    this.regs = regs ?? freshRegs();
    this.slotType = NO_SLOTS;
    this.spilled = [];
  }

  clone(): FuncState {
    const { callsite, frameno, subprogno } = this;
    const regs = this.regs.map((reg) => reg.clone());
    const out = new FuncState(callsite, frameno, subprogno, regs);
    if (this.spilled.length > 0) {
      out.slotType = this.slotType.slice();
      out.spilled = this.spilled.map((reg) => reg.clone());
    }
    out.refs = this.refs.slice();
    out.inCallback = this.inCallback;
    out.inAsyncCallback = this.inAsyncCallback;
    out.asyncEntries = this.asyncEntries;
    out.callbackRet = this.callbackRet;
    out.callbackDepth = this.callbackDepth;
    return out;
  }

  /** Slots that this frame has used so far. */
  get slots(): number {
    return this.spilled.length;
  }
  get allocated(): Bytes {
    return this.spilled.length * BPF_REG_SIZE;
  }

  reg(n: number): RegState {
    return must(this.regs[n], `register ${n}`);
  }
  slot(spi: number): RegState {
    return must(this.spilled[spi], `stack slot ${spi}`);
  }
  /** Type of byte `j` of a slot. */
  byte(spi: number, j: number): number {
    return this.slotType[spi * BPF_REG_SIZE + j] ?? STACK_INVALID;
  }
  setByte(spi: number, j: number, type: number): void {
    this.slotType[spi * BPF_REG_SIZE + j] = type;
  }
  fillSlot(spi: number, type: number): void {
    this.slotType.fill(type, spi * BPF_REG_SIZE, (spi + 1) * BPF_REG_SIZE);
  }

  /** Makes room for `size` bytes below the frame pointer. */
  grow(size: Bytes): void {
    const slots = Math.ceil(size / BPF_REG_SIZE);
    if (slots <= this.spilled.length) return;
    const bytes = new Uint8Array(slots * BPF_REG_SIZE);
    bytes.set(this.slotType);
    this.slotType = bytes;
    while (this.spilled.length < slots) this.spilled.push(new RegState());
  }

  /** The slot holds a spilled register, perhaps in part. */
  isSpilled(spi: number): boolean {
    return this.byte(spi, BPF_REG_SIZE - 1) === STACK_SPILL;
  }
  isSpilledScalar(spi: number): boolean {
    return this.isSpilled(spi) && this.slot(spi).type === SCALAR_VALUE;
  }
  isSpilledScalar64(spi: number): boolean {
    return this.byte(spi, 0) === STACK_SPILL && this.slot(spi).type === SCALAR_VALUE;
  }
}

/** A step of the path that was not the next instruction, or that matters to backtracking. */
export interface HistoryEntry {
  readonly idx: InsnIndex;
  readonly prevIdx: InsnIndex;
  flags: number;
  linked: readonly LinkedReg[] | null;
  /** The one before it since the last stored state, and how many there are with it. */
  readonly before: HistoryEntry | null;
  readonly count: number;
}
/** history flags: frame, slot, and that the instruction accessed the stack as registers do. */
export const INSN_F_FRAMENO = 0x7;
export const INSN_F_SPI_SHIFT = 3;
export const INSN_F_SPI = 0x3f;
export const INSN_F_STACK_ACCESS = 1 << 9;
/** A comparison with a pointer to stack on this side, which needs no precision. */
export const INSN_F_DST_STACK = 1 << 10;
export const INSN_F_SRC_STACK = 1 << 11;

/** A register or slot that holds a scalar with a shared id. */
export interface LinkedReg {
  readonly frame: number;
  readonly isReg: boolean;
  /** Register number or slot. */
  readonly index: number;
}

export class VerifierState {
  frame: FuncState[] = [];
  curframe = 0;
  parent: VerifierState | null = null;
  branches = 1;
  insnIdx: InsnIndex = 0;
  /** The last one taken last; of bpf_spin_lock there is at most one. */
  locks: readonly HeldLock[] = [];
  rcuLock = false;
  preemptLock = 0;
  /** Saved interrupt flags, the last one last; none: interrupts are on. */
  irqs: readonly SavedIrq[] = [];
  inSleepable = false;
  firstInsnIdx: InsnIndex = 0;
  lastInsnIdx: InsnIndex = 0;
  loopEntry: VerifierState | null = null;
  usedAsLoopEntry = false;
  /** The last step; states that come from one another share those before. */
  history: HistoryEntry | null = null;
  dfsDepth = 0;
  callbackUnrollDepth = 0;
  mayGotoDepth = 0;

  clone(): VerifierState {
    const out = new VerifierState();
    out.frame = this.frame.map((frame) => frame.clone());
    out.curframe = this.curframe;
    out.parent = this.parent;
    out.branches = this.branches;
    out.insnIdx = this.insnIdx;
    out.locks = this.locks;
    out.rcuLock = this.rcuLock;
    out.preemptLock = this.preemptLock;
    out.irqs = this.irqs;
    out.inSleepable = this.inSleepable;
    out.firstInsnIdx = this.firstInsnIdx;
    out.lastInsnIdx = this.lastInsnIdx;
    out.loopEntry = this.loopEntry;
    out.usedAsLoopEntry = this.usedAsLoopEntry;
    out.history = this.history;
    out.dfsDepth = this.dfsDepth;
    out.callbackUnrollDepth = this.callbackUnrollDepth;
    out.mayGotoDepth = this.mayGotoDepth;
    return out;
  }

  /** The innermost frame. */
  get cur(): FuncState {
    return must(this.frame[this.curframe], 'current frame');
  }

  /** Every register and every spilled register of every frame. */
  forEachReg(visit: (reg: RegState, frame: FuncState) => void): void {
    for (let f = 0; f <= this.curframe; f++) {
      const frame = must(this.frame[f], 'frame');
      for (const reg of frame.regs) visit(reg, frame);
      for (let spi = 0; spi < frame.slots; spi++) if (frame.isSpilled(spi)) visit(frame.slot(spi), frame);
    }
  }
}
