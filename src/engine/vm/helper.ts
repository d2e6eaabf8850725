/**
 * What a BPF program can call: helpers by number, kfuncs by name.
 *
 * They live beside the object they touch and are handed to the VM as tables; the VM knows none of them.
 * Arguments are read from the registers of the calling frame, the result goes to its R0.
 */
import type { Addr } from '../../shared/brand.ts';
import type { Kernel } from '../kernel/kernel.ts';
import type { Memory } from '../kernel/memory.ts';
import type { Code } from './code.ts';

export type ArgNumber = 1 | 2 | 3 | 4 | 5;

/** One call, as the called function sees it. Valid until it returns. */
export interface Call {
  readonly kernel: Kernel;
  readonly mem: Memory;
  /** The task on whose behalf the program runs. */
  readonly current: Addr;
  /** The program that runs. */
  readonly code: Code;
  /** Address of the instruction that calls. */
  here(): Addr;
  /** The processor it runs on. */
  readonly cpu: number;
  /** Monotonic nanoseconds, up to this call. */
  now(): bigint;
  /** Register as u64. */
  arg(n: ArgNumber): bigint;
  /** Low half of a register as u32. */
  u32(n: ArgNumber): number;
  /** Low half of a register as s32. */
  s32(n: ArgNumber): number;
  /**
   * Calls a BPF function back and returns its R0.
   *
   * @param fn address of the function, as ld_imm64 made it
   */
  callback(fn: Addr, ...args: readonly bigint[]): bigint;
  /** Makes the calling frame go on at the start of another program. @returns false after 33 of them */
  tailCall(code: Code): boolean;
}

/** The result is R0: a number is sign-extended, so that `return fail('EINVAL')` is right. */
export type Helper = (call: Call) => bigint | number;

/** Helpers by number. A number that is absent cannot be called in this kernel. */
export type HelperTable = ReadonlyMap<number, Helper>;
/** Kfuncs by name. */
export type KfuncTable = ReadonlyMap<string, Helper>;

/** Thrown by bpf_throw: unwinds all frames; the cookie is what the program returns. */
export class BpfThrow extends Error {
  override readonly name = 'BpfThrow';
  readonly cookie: bigint;
  constructor(cookie: bigint) {
    super(`bpf_throw(${cookie})`);
    this.cookie = cookie;
  }
}
