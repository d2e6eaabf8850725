/**
 * For whom C is compiled: the verifier, or a processor that runs what it is given.
 *
 * Profile `bpf` is what clang makes. Profiles `user` (a process of the simulated machine) and `kernel` (code
 * inside it) compile to the same instructions under a wider agreement that no verifier ever sees:
 *
 *     calls       through any pointer (`callx`), recursive, of any depth the stack allows
 *     arguments   four in r1-r4; if there are more than five, or any number may follow (`...`), r5 is the
 *                 address of a block of 8-byte slots in the caller's frame that holds the rest
 *     records     by the address of a copy; a record result goes to an address that is the first argument
 *     frames      of any size below the stack's; `call` says in `off`, in units of 16 bytes, how far the
 *                 caller's frame goes down, and the processor keeps r6-r10 below it
 */
import type { Bytes } from '../../shared/brand.ts';

export type ProfileName = 'bpf' | 'user' | 'kernel';

export interface Profile {
  readonly name: ProfileName;
  /** The wider agreement above. */
  readonly extended: boolean;
  /** What one function may use. */
  readonly maxStack: Bytes;
  /** What messages call the programs. */
  readonly programs: string;
}

/** All of a thread's stack under the wider agreement. */
export const EXTENDED_STACK: Bytes = 256 * 1024;
/** Unit of the frame size in a call's `off`. */
export const FRAME_UNIT: Bytes = 16;
/** Arguments in registers when there is a block for the rest; the block's address is in the next register. */
export const BLOCK_REGS = 4;
/** Arguments that need no block. */
export const MAX_REGS = 5;
export const SLOT_BYTES: Bytes = 8;

export const PROFILES: Readonly<Record<ProfileName, Profile>> = {
  bpf: { name: 'bpf', extended: false, maxStack: 512, programs: 'BPF programs' },
  user: { name: 'user', extended: true, maxStack: EXTENDED_STACK, programs: 'simulated user programs' },
  kernel: { name: 'kernel', extended: true, maxStack: EXTENDED_STACK, programs: 'simulated kernel code' },
};
