/** What all statements of random programs share: the maps there are, sizes, what a statement is. */
import type { Builder } from './builder.ts';

/** Maps by file descriptor. */
export const ARRAY_FD = 1;
export const HASH_FD = 2;
export const RINGBUF_FD = 3;
export const ELEMENTS_FD = 4;
/** Bytes in a value of each. */
export const VALUE_SIZE: Readonly<Record<number, number>> = {
  [ARRAY_FD]: 64,
  [HASH_FD]: 16,
  [ELEMENTS_FD]: 24,
};

/** Size bits of an opcode, and bytes. */
export const SIZES = [
  [0x10, 1],
  [0x08, 2],
  [0x00, 4],
  [0x18, 8],
] as const;
/** Writes a few instructions that mostly make sense. */
export type Statement = (b: Builder) => void;
