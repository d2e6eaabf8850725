/**
 * An image: C objects linked for one address space, ready to be placed there and run.
 *
 *     [ text: instructions, stubs of native functions | rodata | data | bss ]
 *
 * Native functions are those the machine itself provides: system calls to a process, kernel functions to a
 * module. A call of one is a `call` of its number; its address is that of a stub, so that it can be passed on.
 */
import type { Addr, Bytes, InsnIndex } from '../../shared/brand.ts';
import type { Insn } from '../abi/insn.ts';

export type SegmentKind = 'text' | 'rodata' | 'data' | 'bss';

/** Memory that belongs together: one mapping of a process. */
export interface Segment {
  readonly kind: SegmentKind;
  readonly addr: Addr;
  readonly size: Bytes;
  /** Shorter than `size` for what begins as zeros. */
  readonly bytes: Uint8Array;
}

export interface ImageFunction {
  readonly name: string;
  readonly start: InsnIndex;
  readonly end: InsnIndex;
  /** From a library: not what the user wrote. */
  readonly library: boolean;
}

/** Where an instruction comes from. */
export interface SourceLine {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly text: string;
}

export interface Image {
  readonly insns: readonly Insn[];
  /** Address of instruction 0. */
  readonly base: Addr;
  /** In address order. */
  readonly segments: readonly Segment[];
  /** Every global name. */
  readonly symbols: ReadonlyMap<string, Addr>;
  /** In the order of their instructions. */
  readonly functions: readonly ImageFunction[];
  /** Names of the native functions by the number that calls them have. */
  readonly natives: readonly string[];
  functionAt(pc: InsnIndex): ImageFunction | null;
  lineAt(pc: InsnIndex): SourceLine | null;
}
