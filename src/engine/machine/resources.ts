/** What a machine is built from when nobody names anything else: the kernel's types and the shipped worlds. */
import type { LinkInput } from '../image/link.ts';

export interface Resources {
  /** BTF of the kernel that ships, made from kernel_types/ by the project's own compiler. */
  readonly btf: () => Uint8Array;
  /** Text of a shipped world, or null. */
  readonly world: (name: string) => string | null;
  readonly worldNames: readonly string[];
  /** The C library of user programs, compiled before; absent: it is compiled when it is needed. */
  readonly userLibrary?: () => Promise<readonly LinkInput[]>;
}
