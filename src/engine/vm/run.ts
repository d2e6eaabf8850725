/** Runs one program once: the door through which the kernel calls BPF. */
import type { Addr, InsnIndex } from '../../shared/brand.ts';
import { Fault } from '../kernel/memory.ts';
import type { Code } from './code.ts';
import { BpfThrow } from './helper.ts';
import { FrameOverflow, OutOfFuel } from './processor.ts';
import type { CallHook, InsnHook, Processor } from './processor.ts';

export interface RunOptions {
  /** R1: the context. */
  readonly ctx: Addr;
  /** R2 and on, for a callback. */
  readonly args?: readonly bigint[];
  /** Where to begin, for a callback; else at the start. */
  readonly entry?: InsnIndex;
  /** Instructions that may be retired, below 2^30. */
  readonly fuel?: number;
  readonly onInsn?: InsnHook;
  readonly onCall?: CallHook;
}

export type RunResult =
  | { readonly r0: bigint; readonly retired: number }
  | {
      /** fuel: too many instructions. fault: memory that does not exist. stack: too many frames. */
      readonly abort: 'fuel' | 'fault' | 'stack';
      readonly pc: InsnIndex;
      /** The address that faulted; 0 otherwise. */
      readonly addr: Addr;
      readonly retired: number;
    };

/** Enough for every program the verifier accepts within one callback. */
export const DEFAULT_FUEL = 200_000_000;

/** Why a program could not go on. @throws what is no program's fault */
function reasonOf(error: unknown): 'fuel' | 'fault' | 'stack' {
  if (error instanceof OutOfFuel) return 'fuel';
  if (error instanceof Fault) return 'fault';
  if (error instanceof FrameOverflow) return 'stack';
  throw error;
}

/** R0 at the exit, or what comes of bpf_throw. */
function result(processor: Processor, entry: InsnIndex): bigint {
  try {
    processor.execute(entry);
    return processor.reg(0);
  } catch (error) {
    if (error instanceof BpfThrow) return processor.unwind(error.cookie);
    throw error;
  }
}

/**
 * Runs `code` to its exit.
 *
 * @returns R0, or why the program could not go on; kernel state is then as the program left it
 * @kernel bpf_prog_run, include/linux/filter.h
 * @fidelity partial: the kernel has no fuel; here a program that runs too long is stopped with a value
 */
export function runProg(processor: Processor, code: Code, options: RunOptions): RunResult {
  const fuel = options.fuel ?? DEFAULT_FUEL;
  processor.enter(code, fuel);
  processor.onInsn = options.onInsn ?? null;
  processor.onCall = options.onCall ?? null;
  processor.setReg(1, options.ctx);
  options.args?.forEach((value, i) => processor.setReg(i + 2, value));
  try {
    const r0 = result(processor, options.entry ?? 0);
    return { r0, retired: fuel - processor.fuel };
  } catch (error) {
    const addr = error instanceof Fault ? error.addr : 0n;
    return { abort: reasonOf(error), pc: processor.pc, addr, retired: fuel - Math.max(0, processor.fuel) };
  } finally {
    processor.passTime();
  }
}
