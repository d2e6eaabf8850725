/**
 * bpf/bpf_tracing.h: programs whose context is an array of 64-bit arguments, and the registers of x86-64.
 * The public names and meanings are libbpf's.
 */
import { family } from './families.ts';

const MAX_ARGS = 12;
/** The part of a name in PT_REGS_*, and the register that holds it on x86-64. */
const REGISTERS: Readonly<Record<string, string>> = {
  PARM1: 'di',
  PARM2: 'si',
  PARM3: 'dx',
  PARM4: 'cx',
  PARM5: 'r8',
  PARM6: 'r9',
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
};
const accessors = (suffix: string, registers: Readonly<Record<string, string>>): string =>
  Object.entries(registers)
    .map(
      ([name, register]) => `#define PT_REGS_${name}${suffix}(x) (__PT_REGS_CAST(x)->${register})
#define PT_REGS_${name}_CORE${suffix}(x) BPF_CORE_READ(__PT_REGS_CAST(x), ${register})`,
    )
    .join('\n');

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

#define __PT_REGS_CAST(x) ((const struct pt_regs *)(x))
${accessors('', REGISTERS)}
${accessors('_SYSCALL', SYSCALL_REGISTERS)}
#define PT_REGS_SYSCALL_REGS(ctx) ((struct pt_regs *)PT_REGS_PARM1(ctx))

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
#endif
`;
