/**
 * vmlinux.h: every type of the simulated kernel. There is no text to parse: the pragma tells the compiler
 * that names not declared otherwise may be looked up in the kernel's BTF from here on (see vmlinux.ts).
 */

/** vmlinux.h */
export const VMLINUX = `
#ifndef __VMLINUX_H__
#define __VMLINUX_H__
#pragma iterscope kernel_types
#ifndef __ksym
#define __ksym __attribute__((section(".ksyms")))
#endif
#ifndef __weak
#define __weak __attribute__((weak))
#endif
#endif
`;
