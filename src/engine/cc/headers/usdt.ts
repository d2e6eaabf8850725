/**
 * bpf/usdt.bpf.h: probes that programs of user space declare. What libbpf fills in at attach are two maps whose
 * names and layouts are agreed on; the text that reads them is ours.
 */
import { family } from './families.ts';

const MAX_ARGS = 12;

/** bpf/usdt.bpf.h */
export const USDT = String.raw`
#ifndef __USDT_BPF_H__
#define __USDT_BPF_H__
#include <linux/errno.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#ifndef BPF_USDT_MAX_SPEC_CNT
#define BPF_USDT_MAX_SPEC_CNT 256
#endif
#ifndef BPF_USDT_MAX_IP_CNT
#define BPF_USDT_MAX_IP_CNT (4 * BPF_USDT_MAX_SPEC_CNT)
#endif

enum __bpf_usdt_arg_type { BPF_USDT_ARG_CONST, BPF_USDT_ARG_REG, BPF_USDT_ARG_REG_DEREF };
struct __bpf_usdt_arg_spec {
	/* the constant, or what is added to the register */
	__u64 val_off;
	enum __bpf_usdt_arg_type arg_type;
	/* of the register in struct pt_regs */
	short reg_off;
	bool arg_signed;
	/* 64 less the width in bits */
	char arg_bitshift;
};
struct __bpf_usdt_spec {
	struct __bpf_usdt_arg_spec args[${MAX_ARGS}];
	__u64 usdt_cookie;
	short arg_cnt;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, BPF_USDT_MAX_SPEC_CNT);
	__type(key, int);
	__type(value, struct __bpf_usdt_spec);
} __bpf_usdt_specs SEC(".maps") __weak;
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, BPF_USDT_MAX_IP_CNT);
	__type(key, long);
	__type(value, __u32);
} __bpf_usdt_ip_to_spec_id SEC(".maps") __weak;

extern const _Bool LINUX_HAS_BPF_COOKIE __kconfig;

static __always_inline struct __bpf_usdt_spec *__bpf_usdt_find(struct pt_regs *ctx)
{
	long ip = PT_REGS_IP(ctx);
	int id = 0;

	if (LINUX_HAS_BPF_COOKIE) {
		id = bpf_get_attach_cookie(ctx);
	} else {
		int *known = bpf_map_lookup_elem(&__bpf_usdt_ip_to_spec_id, &ip);

		id = known ? *known : -3;
	}
	return bpf_map_lookup_elem(&__bpf_usdt_specs, &id);
}

__weak __hidden int bpf_usdt_arg_cnt(struct pt_regs *ctx)
{
	struct __bpf_usdt_spec *spec = __bpf_usdt_find(ctx);

	return spec ? spec->arg_cnt : -ESRCH;
}

__weak __hidden int bpf_usdt_arg_size(struct pt_regs *ctx, __u64 arg_num)
{
	struct __bpf_usdt_spec *spec = __bpf_usdt_find(ctx);

	if (!spec)
		return -ESRCH;
	if (arg_num >= ${MAX_ARGS})
		return -ENOENT;
	barrier_var(arg_num);
	return arg_num < spec->arg_cnt ? (64 - spec->args[arg_num].arg_bitshift) / 8u : -ENOENT;
}

__weak __hidden int bpf_usdt_arg(struct pt_regs *ctx, __u64 arg_num, long *res)
{
	struct __bpf_usdt_spec *spec = __bpf_usdt_find(ctx);
	struct __bpf_usdt_arg_spec *arg;
	unsigned long val = 0;
	int err = 0;

	*res = 0;
	if (!spec)
		return -ESRCH;
	if (arg_num >= ${MAX_ARGS})
		return -ENOENT;
	barrier_var(arg_num);
	if (arg_num >= spec->arg_cnt)
		return -ENOENT;
	arg = &spec->args[arg_num];
	if (arg->arg_type == BPF_USDT_ARG_CONST)
		val = arg->val_off;
	else if (arg->arg_type == BPF_USDT_ARG_REG || arg->arg_type == BPF_USDT_ARG_REG_DEREF)
		err = bpf_probe_read_kernel(&val, sizeof(val), (void *)ctx + arg->reg_off);
	else
		return -EINVAL;
	if (!err && arg->arg_type == BPF_USDT_ARG_REG_DEREF)
		err = bpf_probe_read_user(&val, sizeof(val), (void *)val + arg->val_off);
	if (err)
		return err;
	val <<= arg->arg_bitshift;
	*res = arg->arg_signed ? (long)val >> arg->arg_bitshift : (long)(val >> arg->arg_bitshift);
	return 0;
}

__weak __hidden long bpf_usdt_cookie(struct pt_regs *ctx)
{
	struct __bpf_usdt_spec *spec = __bpf_usdt_find(ctx);

	return spec ? spec->usdt_cookie : 0;
}

#define ___bpf_usdt_args0() ctx
#define ___bpf_usdt_args1(x) ___bpf_usdt_args0(), ({ long _x; bpf_usdt_arg(ctx, 0, &_x); _x; })
${family(2, MAX_ARGS, (n) => `#define ___bpf_usdt_args${n}(x, args...) ___bpf_usdt_args${n - 1}(args), ({ long _x; bpf_usdt_arg(ctx, ${n - 1}, &_x); _x; })`)}
#define ___bpf_usdt_args(args...) ___bpf_apply(___bpf_usdt_args, ___bpf_narg(args))(args)

#define BPF_USDT(name, args...)							\
name(struct pt_regs *ctx);							\
static __always_inline typeof(name(0)) ____##name(struct pt_regs *ctx, ##args);	\
typeof(name(0)) name(struct pt_regs *ctx)					\
{										\
	_Pragma("GCC diagnostic push")						\
	_Pragma("GCC diagnostic ignored \"-Wint-conversion\"")			\
	return ____##name(___bpf_usdt_args(args));				\
	_Pragma("GCC diagnostic pop")						\
}										\
static __always_inline typeof(name(0)) ____##name(struct pt_regs *ctx, ##args)
#endif
`;
