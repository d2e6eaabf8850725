/**
 * bpf/bpf_tracing.h: programs whose context is an array of 64-bit arguments, and the registers of x86-64.
 * The public names and meanings are libbpf's.
 */
import { family, names } from './families.ts';

const MAX_ARGS = 12;
/** The part of a name in PT_REGS_*, and the register that holds it on x86-64. */
const REGISTERS: Readonly<Record<string, string>> = {
  PARM1: 'di',
  PARM2: 'si',
  PARM3: 'dx',
  PARM4: 'cx',
  PARM5: 'r8',
  PARM6: 'r9',
  // x86-64 passes what comes after that on the stack.
  PARM7: '__unsupported__',
  PARM8: '__unsupported__',
  RET: 'sp',
  FP: 'bp',
  RC: 'ax',
  SP: 'sp',
  IP: 'ip',
};
const SYSCALL_REGISTERS: Readonly<Record<string, string>> = {
  PARM1: 'di',
  PARM2: 'si',
  PARM3: 'dx',
  PARM4: 'r10',
  PARM5: 'r8',
  PARM6: 'r9',
  PARM7: '__unsupported__',
};
const accessors = (suffix: string, registers: Readonly<Record<string, string>>): string =>
  Object.entries(registers)
    .map(
      ([name, register]) => `#define PT_REGS_${name}${suffix}(x) (__PT_REGS_CAST(x)->${register})
#define PT_REGS_${name}_CORE${suffix}(x) BPF_CORE_READ(__PT_REGS_CAST(x), ${register})`,
    )
    .join('\n');

/** 12, 12, 11, 11, ... 0: how many pairs there are, by how many words. */
const pairs = Array.from({ length: 2 * MAX_ARGS + 1 }, (_, i) => Math.ceil((2 * MAX_ARGS - i) / 2)).join(
  ', ',
);

/** `BPF_PROG(name, int a, int b)`: the attached function takes ctx and calls the typed body. */
const wrapped = (macro: string, context: string, casts: string): string => String.raw`
#define ${macro}(name, args...)							\
name(${context} *ctx);								\
static __always_inline typeof(name(0)) ____##name(${context} *ctx, ##args);	\
typeof(name(0)) name(${context} *ctx)						\
{										\
	_Pragma("GCC diagnostic push")						\
	_Pragma("GCC diagnostic ignored \"-Wint-conversion\"")			\
	return ____##name(${casts}(args));					\
	_Pragma("GCC diagnostic pop")						\
}										\
static __always_inline typeof(name(0)) ____##name(${context} *ctx, ##args)`;

/** bpf/bpf_tracing.h */
export const BPF_TRACING = String.raw`
#ifndef __BPF_TRACING_H__
#define __BPF_TRACING_H__
#include <bpf/bpf_helpers.h>

#define bpf_target_x86
#define bpf_target_defined
#define __PT_REGS_CAST(x) ((const struct pt_regs *)(x))
${accessors('', REGISTERS)}
${accessors('_SYSCALL', SYSCALL_REGISTERS)}
#define PT_REGS_SYSCALL_REGS(ctx) ((struct pt_regs *)PT_REGS_PARM1(ctx))
#define BPF_KPROBE_READ_RET_IP(ip, ctx) ({ bpf_probe_read_kernel(&(ip), sizeof(ip), (void *)PT_REGS_RET(ctx)); })
#define BPF_KRETPROBE_READ_RET_IP(ip, ctx) ({ bpf_probe_read_kernel(&(ip), sizeof(ip), (void *)(PT_REGS_FP(ctx) + sizeof(ip))); })

#define ___bpf_ctx_cast0() ctx
#define ___bpf_ctx_cast1(x) ___bpf_ctx_cast0(), ctx[0]
${family(2, MAX_ARGS, (n) => `#define ___bpf_ctx_cast${n}(x, rest...) ___bpf_ctx_cast${n - 1}(rest), ctx[${n - 1}]`)}
#define ___bpf_ctx_cast(args...) ___bpf_apply(___bpf_ctx_cast, ___bpf_narg(args))(args)
${wrapped('BPF_PROG', 'unsigned long long', '___bpf_ctx_cast')}

#define ___bpf_kprobe_args0() ctx
#define ___bpf_kprobe_args1(x) ___bpf_kprobe_args0(), (unsigned long long)PT_REGS_PARM1(ctx)
${family(2, 6, (n) => `#define ___bpf_kprobe_args${n}(x, rest...) ___bpf_kprobe_args${n - 1}(rest), (unsigned long long)PT_REGS_PARM${n}(ctx)`)}
#define ___bpf_kprobe_args(args...) ___bpf_apply(___bpf_kprobe_args, ___bpf_narg(args))(args)
${wrapped('BPF_KPROBE', 'struct pt_regs', '___bpf_kprobe_args')}

#define ___bpf_kretprobe_args0() ctx
#define ___bpf_kretprobe_args1(x) ___bpf_kretprobe_args0(), (unsigned long long)PT_REGS_RC(ctx)
#define ___bpf_kretprobe_args(args...) ___bpf_apply(___bpf_kretprobe_args, ___bpf_narg(args))(args)
${wrapped('BPF_KRETPROBE', 'struct pt_regs', '___bpf_kretprobe_args')}
#define BPF_UPROBE(name, args...) BPF_KPROBE(name, ##args)
#define BPF_URETPROBE(name, args...) BPF_KRETPROBE(name, ##args)

/* Pairs of a type and a name; a struct of up to 16 bytes comes in two registers. */
#define ___bpf_nth2(_, ${names('a', 2 * MAX_ARGS)}, N, ...) N
#define ___bpf_narg2(...) ___bpf_nth2(_, ##__VA_ARGS__, ${pairs})
#define ___bpf_treg_cnt(t) (sizeof(t) > 8 ? 2 : 1)
#define ___bpf_union_arg(t, x, n) ({ union { unsigned long long z[2]; t x; } ___t = { .z = { ctx[n], sizeof(t) > 8 ? ctx[(n) + 1] : 0 } }; ___t.x; })
#define ___bpf_ctx_decl0()
${family(1, MAX_ARGS, (n) => `#define ___bpf_ctx_decl${n}(t, x, args...) , t x ___bpf_ctx_decl${n - 1}(args)`)}
#define ___bpf_ctx_decl(args...) ___bpf_apply(___bpf_ctx_decl, ___bpf_narg2(args))(args)
#define ___bpf_ctx_arg0(at)
${family(1, MAX_ARGS, (n) => `#define ___bpf_ctx_arg${n}(at, t, x, args...) , ___bpf_union_arg(t, x, at) ___bpf_ctx_arg${n - 1}(at + ___bpf_treg_cnt(t), ##args)`)}
#define ___bpf_ctx_arg(args...) ___bpf_apply(___bpf_ctx_arg, ___bpf_narg2(args))(0, ##args)
#define BPF_PROG2(name, args...)						\
name(unsigned long long *ctx);							\
static __always_inline typeof(name(0)) ____##name(unsigned long long *ctx ___bpf_ctx_decl(args));	\
typeof(name(0)) name(unsigned long long *ctx)					\
{										\
	return ____##name(ctx ___bpf_ctx_arg(args));				\
}										\
static __always_inline typeof(name(0)) ____##name(unsigned long long *ctx ___bpf_ctx_decl(args))

/* System calls: where the kernel wraps them, the arguments are in the registers that the first one points to. */
#define ___bpf_syscall_args0() ctx
#define ___bpf_syscall_args1(x) ___bpf_syscall_args0(), (unsigned long long)PT_REGS_PARM1_SYSCALL(regs)
${family(2, 7, (n) => `#define ___bpf_syscall_args${n}(x, args...) ___bpf_syscall_args${n - 1}(args), (unsigned long long)PT_REGS_PARM${n}_SYSCALL(regs)`)}
#define ___bpf_syscall_args(args...) ___bpf_apply(___bpf_syscall_args, ___bpf_narg(args))(args)
#define ___bpf_syswrap_args0() ctx
#define ___bpf_syswrap_args1(x) ___bpf_syswrap_args0(), (unsigned long long)PT_REGS_PARM1_CORE_SYSCALL(regs)
${family(2, 7, (n) => `#define ___bpf_syswrap_args${n}(x, args...) ___bpf_syswrap_args${n - 1}(args), (unsigned long long)PT_REGS_PARM${n}_CORE_SYSCALL(regs)`)}
#define ___bpf_syswrap_args(args...) ___bpf_apply(___bpf_syswrap_args, ___bpf_narg(args))(args)
#define BPF_KSYSCALL(name, args...)						\
name(struct pt_regs *ctx);							\
extern _Bool LINUX_HAS_SYSCALL_WRAPPER __kconfig;				\
static __always_inline typeof(name(0)) ____##name(struct pt_regs *ctx, ##args);	\
typeof(name(0)) name(struct pt_regs *ctx)					\
{										\
	struct pt_regs *regs = LINUX_HAS_SYSCALL_WRAPPER ? (struct pt_regs *)PT_REGS_PARM1(ctx) : ctx;	\
	_Pragma("GCC diagnostic push")						\
	_Pragma("GCC diagnostic ignored \"-Wint-conversion\"")			\
	if (LINUX_HAS_SYSCALL_WRAPPER)						\
		return ____##name(___bpf_syswrap_args(args));			\
	else									\
		return ____##name(___bpf_syscall_args(args));			\
	_Pragma("GCC diagnostic pop")						\
}										\
static __always_inline typeof(name(0)) ____##name(struct pt_regs *ctx, ##args)
#define BPF_KPROBE_SYSCALL BPF_KSYSCALL
#endif
`;
