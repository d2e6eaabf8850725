/** What a machine is built from when nobody names anything else: the kernel's types and the shipped worlds. */
export interface Resources {
  /** BTF of the kernel that ships, made from kernel_types/ by the project's own compiler. */
  readonly btf: () => Uint8Array;
  /** Text of a shipped world, or null. */
  readonly world: (name: string) => string | null;
  readonly worldNames: readonly string[];
}
