declare module 'virtual:kernel-btf' {
  /** BTF of the kernel that ships, made from kernel_types/ at build time. */
  const btf: Uint8Array;
  export default btf;
}
