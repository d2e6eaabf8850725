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

/** linux/bpf.h: the UAPI's types and constants are in the kernel's BTF as well. */
export const LINUX_BPF = `
#ifndef _UAPI__LINUX_BPF_H__
#define _UAPI__LINUX_BPF_H__
#include <linux/types.h>
#pragma iterscope kernel_types uapi
#endif
`;
