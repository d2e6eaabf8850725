declare module 'virtual:user-library' {
  /** Objects of the C library of user programs, compiled at build time. */
  const objects: readonly {
    readonly name: string;
    readonly bytes: Uint8Array;
    readonly library: true;
  }[];
  export default objects;
}

declare module 'virtual:kernel-btf' {
  /** BTF of the kernel that ships, made from kernel_types/ at build time. */
  const btf: Uint8Array;
  export default btf;
}
