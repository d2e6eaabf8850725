/**
 * The state of a BPF processor: registers, frames and stacks, all of it in linear memory.
 *
 * Registers and frames stand in the part of memory that no address reaches; a frame is sixteen 64-bit
 * slots. Stacks are ordinary kernel memory, so helpers and other programs' loads see them. Registers are
 * worked on as pairs of 32-bit words, which needs no bigint for most instructions.
 *
 *     frame d:  R0 .. R10 | return pc | may_goto budget        stack d:  512 bytes below R10
 *
 * After anything that may have allocated, `sync` looks at memory again: growth replaces its buffer.
 */
import { EngineBug } from '../../shared/assert.ts';
import type { Addr, Bytes, InsnIndex } from '../../shared/brand.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { Fault, RESERVED } from '../kernel/memory.ts';
import type { Memory } from '../kernel/memory.ts';
import type { Code } from './code.ts';
import type { ArgNumber, Call } from './helper.ts';

/** Frames of one program, callbacks included; the verifier allows eight. */
const MAX_FRAMES = 16;
export const BPF_STACK_SIZE: Bytes = 512;
/** Iterations that a may_goto loop may make. */
const BPF_MAX_LOOPS = 8 * 1024 * 1024;
const MAX_TAIL_CALL_CNT = 33;
const FRAMES_AT = 4096;
const FRAME_WORDS = 32;
const RETURN_PC = 22;
const LOOP_BUDGET = 24;
const FRAME_POINTER = 10;

/** Every frame is in use: the kernel's stack would overflow. */
export class FrameOverflow extends Error {
  override readonly name = 'FrameOverflow';
}
/** No instruction may be retired any more in this call. */
export class OutOfFuel extends Error {
  override readonly name = 'OutOfFuel';
}

/** Sees every instruction before it is executed. */
export type InsnHook = (pc: InsnIndex, processor: Processor) => void;
/** Sees every helper and kfunc call after it has returned; arguments are still in R1-R5. */
export type CallHook = (pc: InsnIndex, result: bigint, processor: Processor) => void;

export class Processor implements Call {
  readonly kernel: Kernel;
  readonly mem: Memory;
  /** All of memory as 32-bit words; register n of this frame is at base + 2n (low) and base + 2n + 1. */
  words: Int32Array;
  bits: DataView;
  base: number;
  depth = 0;
  pc: InsnIndex = 0;
  /** Instructions that may still be retired; stays below 2^30. */
  fuel = 0;
  readonly cpu = 0;
  /** True while somebody is to be told of every store. */
  watched = false;
  onInsn: InsnHook | null = null;
  onCall: CallHook | null = null;
  protected limit = 0;
  private timedFuel = 0;
  private tailed = false;
  private tailCalls = 0;
  private readonly codes: Code[] = [];
  private readonly framesAt: number;
  private readonly stacks: Addr;
  private readonly highs: readonly [direct: number, vmalloc: number];

  /** @param framesAt where registers stand: each processor that runs while another one waits has its own */
  constructor(kernel: Kernel, framesAt = FRAMES_AT) {
    this.framesAt = framesAt;
    this.base = framesAt / 4;
    this.kernel = kernel;
    this.mem = kernel.mem;
    this.stacks = this.mem.asVmalloc(this.mem.alloc(MAX_FRAMES * BPF_STACK_SIZE, 4096));
    this.words = new Int32Array(this.mem.buffer);
    this.bits = new DataView(this.mem.buffer);
    const high = (start: Addr): number =>
      BigInt.asUintN(32, start) === 0n ? Number(BigInt.asIntN(32, start >> 32n)) : NaN;
    this.highs = [high(this.mem.map.pageOffset), high(this.mem.map.vmalloc)];
  }

  /** The task on whose behalf the program runs. */
  get current(): Addr {
    return this.kernel.current;
  }

  sync(): void {
    if (this.words.buffer !== this.mem.buffer) {
      this.words = new Int32Array(this.mem.buffer);
      this.bits = new DataView(this.mem.buffer);
    }
    this.limit = this.mem.used;
    this.watched = this.mem.watched;
  }

  /** As `sync`, when something may have been allocated: memory that grew handed something out. */
  syncIfGrown(): void {
    if (this.mem.used !== this.limit) this.sync();
  }

  // -- registers -----------------------------------------------------------------------------------------

  reg(n: number): bigint {
    return this.bits.getBigUint64((this.base + 2 * n) * 4, true);
  }
  setReg(n: number, value: bigint): void {
    this.bits.setBigUint64((this.base + 2 * n) * 4, BigInt.asUintN(64, value), true);
  }
  /** R0 from a helper's result; a number is sign-extended. */
  setResult(value: bigint | number): void {
    if (typeof value === 'bigint') return this.setReg(0, value);
    this.words[this.base] = value;
    this.words[this.base + 1] = Math.floor(value / 0x1_0000_0000);
  }
  arg(n: ArgNumber): bigint {
    this.syncIfGrown();
    return this.reg(n);
  }
  u32(n: ArgNumber): number {
    this.syncIfGrown();
    return (this.words[this.base + 2 * n] ?? 0) >>> 0;
  }
  s32(n: ArgNumber): number {
    this.syncIfGrown();
    return this.words[this.base + 2 * n] ?? 0;
  }

  // -- memory --------------------------------------------------------------------------------------------

  /** Linear offset of `size` bytes at register + off, or -1. */
  at(reg: number, off: number, size: Bytes): number {
    const i = this.base + 2 * reg;
    const high = this.words[i + 1] ?? 0;
    if (high === this.highs[0] || high === this.highs[1]) {
      const at = ((this.words[i] ?? 0) >>> 0) + off;
      if (at >= RESERVED && at + size <= this.limit) return at;
    }
    return this.mem.translate(this.address(reg, off), size);
  }
  /** As `at`, for a store. Kernel memory knows no difference. */
  writable(reg: number, off: number, size: Bytes): number {
    return this.at(reg, off, size);
  }
  /** The address that register + off names. */
  address(reg: number, off: number): Addr {
    return BigInt.asUintN(64, this.reg(reg) + BigInt(off));
  }
  /** As `at`, for an access that must succeed. @throws Fault */
  need(reg: number, off: number, size: Bytes): number {
    const at = this.at(reg, off, size);
    if (at < 0) throw new Fault(this.address(reg, off));
    return at;
  }

  // -- frames --------------------------------------------------------------------------------------------

  /** The running program. */
  get code(): Code {
    const code = this.codes[this.depth];
    if (!code) throw new EngineBug('no program is running');
    return code;
  }

  protected setFuel(fuel: number): void {
    this.fuel = fuel;
    this.timedFuel = fuel;
  }

  /** Opens the first frame. */
  enter(code: Code, fuel: number): void {
    this.depth = 0;
    this.base = this.framesAt / 4;
    this.setFuel(fuel);
    this.tailed = false;
    this.tailCalls = 0;
    this.sync();
    this.prepare(code);
  }

  /**
   * bpf_throw leaves every frame; the program's exception callback makes the result, if it has one.
   *
   * @returns the result
   * @kernel bpf_throw, kernel/bpf/helpers.c
   * @fidelity full: app/helper_calls.test.ts
   */
  unwind(cookie: bigint): bigint {
    const entry = this.code.exceptionCallback;
    if (entry === null) return cookie;
    this.depth = 0;
    this.base = this.framesAt / 4;
    this.setReg(1, cookie);
    this.execute(entry);
    return this.reg(0);
  }

  /** The instruction a call through a pointer goes to. */
  entryAt(fn: Addr): InsnIndex {
    return this.code.indexOf(fn);
  }

  /**
   * Opens a frame for a call; R1-R5 are copied into it.
   *
   * @param _units what the call says of the caller's frame: nothing, in BPF programs
   */
  push(returnTo: InsnIndex, _units = 0): void {
    const code = this.code;
    if (this.depth + 1 >= MAX_FRAMES) throw new FrameOverflow('BPF frames');
    const from = this.base;
    this.words[from + RETURN_PC] = returnTo;
    this.depth++;
    this.base += FRAME_WORDS;
    this.words.copyWithin(this.base + 2, from + 2, from + 12);
    this.prepare(code);
  }

  private prepare(code: Code): void {
    this.codes[this.depth] = code;
    this.setReg(FRAME_POINTER, this.stacks + BigInt((MAX_FRAMES - this.depth) * BPF_STACK_SIZE));
    this.words[this.base + LOOP_BUDGET] = BPF_MAX_LOOPS;
  }

  /** Closes a frame: R0 goes to the caller. @returns where the caller goes on */
  pop(): InsnIndex {
    const { words, base } = this;
    const back = base - FRAME_WORDS;
    words[back] = words[base] ?? 0;
    words[back + 1] = words[base + 1] ?? 0;
    this.base = back;
    this.depth--;
    return words[back + RETURN_PC] ?? 0;
  }

  tailCall(code: Code): boolean {
    if (this.tailCalls >= MAX_TAIL_CALL_CNT) return false;
    this.tailCalls++;
    this.codes[this.depth] = code;
    this.tailed = true;
    return true;
  }

  /** True once after `tailCall`: execution goes on at the start of the new program. */
  takeTailCall(): boolean {
    const { tailed } = this;
    this.tailed = false;
    return tailed;
  }

  /** Takes one from the frame's may_goto budget. @returns false when it is used up */
  spendLoop(): boolean {
    const i = this.base + LOOP_BUDGET;
    const left = this.words[i] ?? 0;
    if (left === 0) return false;
    this.words[i] = left - 1;
    return true;
  }

  // -- time and execution ----------------------------------------------------------------------------------

  here(): Addr {
    return this.code.addressOf(this.pc);
  }

  now(): bigint {
    this.passTime();
    return this.kernel.now;
  }

  /** Kernel time moves by one nanosecond for each retired instruction. */
  passTime(): void {
    this.kernel.now += BigInt(this.timedFuel - this.fuel);
    this.timedFuel = this.fuel;
  }

  callback(fn: Addr, ...args: readonly bigint[]): bigint {
    const { pc } = this;
    this.syncIfGrown();
    const entry = this.code.indexOf(fn);
    this.push(pc);
    args.forEach((value, i) => this.setReg(i + 1, value));
    this.execute(entry);
    const result = this.reg(0);
    this.leave();
    this.pc = pc;
    return result;
  }

  /** As `pop`, but the caller's R0 stays: it belongs to the helper that called back. */
  private leave(): void {
    this.base -= FRAME_WORDS;
    this.depth--;
  }

  /** Runs from `entry` until the frame that is open now exits. */
  execute(entry: InsnIndex): void {
    const floor = this.depth;
    let { steps } = this.code;
    let pc = entry;
    for (;;) {
      if (--this.fuel < 0) {
        this.pc = pc;
        throw new OutOfFuel('fuel');
      }
      if (this.onInsn) this.onInsn(pc, this);
      const step = steps[pc];
      if (!step) throw new EngineBug(`pc ${pc} is outside the program`);
      pc = step(this);
      if (pc >= 0) continue;
      if (pc === TAIL_CALL) {
        pc = 0;
      } else {
        if (this.depth === floor) return;
        pc = this.pop();
      }
      ({ steps } = this.code);
    }
  }
}

/** What a step returns instead of the next pc. */
export const EXIT = -1;
export const TAIL_CALL = -2;
