/**
 * A processor for C that no verifier saw: code of the compiler's profiles `user` and `kernel`.
 *
 * One set of registers; calls are kept on the thread's own stack, as on a real machine, so recursion goes as
 * deep as the stack and overrunning an array can overwrite a return address. r10 is the top of the running
 * function's frame; a call says in `off` how far that frame goes down, and what the caller needs again is
 * saved right below it:
 *
 *     caller's r10  ->  [ caller's frame ]
 *     callee's r10  ->  [ return address | r6 | r7 | r8 | r9 | caller's r10 ]
 *                       [ callee's frame ] ...
 *
 * A return address of 0 leads back to whoever runs the processor.
 */
import type { Addr, Bytes, InsnIndex } from '../../shared/brand.ts';
import { INSN_BYTES } from '../abi/insn.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { Fault } from '../kernel/memory.ts';
import type { Code } from './code.ts';
import { EXIT, OutOfFuel, Processor } from './processor.ts';

/** Registers of each thread, in the part of memory that no address reaches; a slot is 128 bytes. */
const REGISTERS_AT = 16384;
const REGISTER_SLOT = 128;
const SLOTS = (65536 - REGISTERS_AT) / REGISTER_SLOT;
/** Slots for threads of user space. The last one is the kernel's own: its C runs while a thread waits in a call. */
export const MAX_REGISTER_SLOTS = SLOTS - 1;
export const KERNEL_SLOT = SLOTS - 1;

const FRAME_UNIT: Bytes = 16;
const SAVED_BYTES: Bytes = 48;
const FIRST_SAVED = 6;
const LAST_SAVED = 10;
const FRAME_POINTER = 10;
/** Return address of the first frame. */
const TO_HOST = 0n;

/** One frame of a backtrace: where it goes on. */
export type Backtrace = readonly InsnIndex[];
const MAX_BACKTRACE = 64;

export class CProcessor extends Processor {
  /** What is run; set before `start` or `resume`. */
  image: Code | null = null;
  /** Where the stack ends, when what lies below is memory too; a process has an unmapped page there. */
  stackLow: Addr = 0n;
  private active = false;

  constructor(kernel: Kernel) {
    super(kernel, REGISTERS_AT);
  }

  override get code(): Code {
    const { image } = this;
    if (!image) throw new Error('no image');
    return image;
  }

  /** Chooses whose registers are worked on. */
  useRegisters(slot: number): void {
    this.sync();
    this.base = (REGISTERS_AT + slot * REGISTER_SLOT) / 4;
  }

  /** Copies the registers of this slot to another one. */
  copyRegisters(to: number): void {
    this.sync();
    const target = (REGISTERS_AT + to * REGISTER_SLOT) / 4;
    this.words.copyWithin(target, this.base, this.base + REGISTER_SLOT / 4);
  }

  /** Linear offset of `size` bytes, or -1: the one place that knows whose addresses these are. */
  protected place(addr: Addr, size: Bytes, _write: boolean): number {
    return this.mem.translate(addr, size);
  }

  private saved(addr: Addr, write: boolean): number {
    const at = this.place(addr, SAVED_BYTES, write);
    if (at < 0) throw new Fault(addr);
    return at;
  }

  /** @throws Fault when the address is no instruction */
  override entryAt(fn: Addr): InsnIndex {
    const { base, steps } = this.code;
    const offset = fn - base;
    if (offset < 0n || offset >= BigInt(steps.length * INSN_BYTES) || offset % BigInt(INSN_BYTES) !== 0n)
      throw new Fault(fn);
    return Number(offset) / INSN_BYTES;
  }

  override push(returnTo: InsnIndex, units = 0): void {
    this.open(this.code.addressOf(returnTo), units);
  }

  private open(returnTo: Addr, units: number): void {
    const top = BigInt.asUintN(64, this.reg(FRAME_POINTER) - BigInt(units * FRAME_UNIT + SAVED_BYTES));
    if (top < this.stackLow) throw new Fault(top);
    const at = this.saved(top, true);
    this.bits.setBigUint64(at, returnTo, true);
    for (let n = FIRST_SAVED; n <= LAST_SAVED; n++)
      this.bits.setBigUint64(at + (n - FIRST_SAVED + 1) * 8, this.reg(n), true);
    this.setReg(FRAME_POINTER, top);
  }

  /** @returns where the caller goes on, or EXIT when that is the host */
  override pop(): InsnIndex {
    const at = this.saved(this.reg(FRAME_POINTER), false);
    const returnTo = this.bits.getBigUint64(at, true);
    for (let n = FIRST_SAVED; n <= LAST_SAVED; n++)
      this.setReg(n, this.bits.getBigUint64(at + (n - FIRST_SAVED + 1) * 8, true));
    return returnTo === TO_HOST ? EXIT : this.entryAt(returnTo);
  }

  /** Sets up the first frame of a thread: its stack and where it begins. */
  start(stackTop: Addr, entry: Addr, args: readonly bigint[]): InsnIndex {
    for (let n = 0; n <= FRAME_POINTER; n++) this.setReg(n, 0n);
    this.setReg(FRAME_POINTER, stackTop);
    this.open(TO_HOST, 0);
    args.forEach((value, i) => this.setReg(i + 1, value));
    return this.entryAt(entry);
  }

  /**
   * Calls a function of the image to its end, from outside or from a native function that the image called.
   *
   * @returns its r0
   * @throws Fault, OutOfFuel
   */
  override callback(fn: Addr, ...args: readonly bigint[]): bigint {
    const { pc, active } = this;
    const units = active ? (this.code.insns[pc]?.off ?? 0) : 0;
    this.syncIfGrown();
    const entry = this.entryAt(fn);
    const own = [1, 2, 3, 4, 5].map((n) => this.reg(n));
    this.open(TO_HOST, units);
    args.forEach((value, i) => this.setReg(i + 1, value));
    this.execute(entry);
    this.pc = pc;
    own.forEach((value, i) => this.setReg(i + 1, value));
    return this.reg(0);
  }

  /** Gives fuel for the next stretch. */
  refuel(fuel: number): void {
    this.passTime();
    this.setFuel(fuel);
  }

  override execute(entry: InsnIndex): void {
    const outer = this.active;
    this.active = true;
    try {
      this.run(entry);
    } finally {
      this.active = outer;
    }
  }

  private run(entry: InsnIndex): void {
    const { steps } = this.code;
    let pc = entry;
    for (;;) {
      this.pc = pc;
      if (--this.fuel < 0) throw new OutOfFuel('fuel');
      if (this.onInsn) this.onInsn(pc, this);
      const step = steps[pc];
      if (!step) throw new Fault(this.code.addressOf(pc));
      pc = step(this);
      if (pc >= 0) continue;
      pc = this.pop();
      if (pc < 0) return;
    }
  }

  /** Where each open call goes on, the innermost first, `pc` before them; ends where the stack makes no sense. */
  backtrace(): Backtrace {
    return this.frames().map(({ pc }) => pc);
  }

  /** The same, with the r10 of each. */
  frames(): readonly { readonly pc: InsnIndex; readonly top: Addr }[] {
    let frame = this.reg(FRAME_POINTER);
    const out = [{ pc: this.pc, top: frame }];
    while (out.length < MAX_BACKTRACE) {
      const at = this.place(frame, SAVED_BYTES, false);
      if (at < 0) break;
      const returnTo = this.bits.getBigUint64(at, true);
      const next = this.bits.getBigUint64(at + SAVED_BYTES - 8, true);
      if (returnTo === TO_HOST || next <= frame) break;
      const pc = Number(returnTo - this.code.base) / INSN_BYTES;
      if (!Number.isInteger(pc) || pc < 1 || pc > this.code.insns.length) break;
      frame = next;
      out.push({ pc: pc - 1, top: frame });
    }
    return out;
  }
}
