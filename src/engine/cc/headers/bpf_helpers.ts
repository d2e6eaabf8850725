/**
 * bpf/bpf_helpers.h: what every BPF program includes. The names and meanings are libbpf's public ones, so a
 * program compiles here and on a real machine alike; the text is ours.
 */
import { family, names } from './families.ts';

const MAX_ARGS = 12;
const counts = (from: number): string => Array.from({ length: from + 1 }, (_, i) => from - i).join(', ');
/** `arr[p] = x1; arr[p + 1] = x2; ...`: all at once, since a macro that calls the next smaller one reads its arguments again and again. */
const fills = (count: number): string =>
  Array.from({ length: count }, (_, i) => `arr[p${i === 0 ? '' : ` + ${i}`}] = x${i + 1}`).join('; ');

/** bpf/bpf_helpers.h */
export const BPF_HELPERS = String.raw`
#ifndef __BPF_HELPERS__
#define __BPF_HELPERS__
#include <bpf/bpf_helper_defs.h>

/* Members of a map definition: the type of each member carries the value. */
#define __uint(name, val) int (*name)[val]
#define __type(name, val) typeof(val) *name
#define __array(name, val) typeof(val) *name[]
#define __ulong(name, val) enum { ___bpf_concat(__unique_value, __COUNTER__) = val } name

#define SEC(name) __attribute__((section(name), used))
#define __kconfig __attribute__((section(".kconfig")))
#undef __ksym
#define __ksym __attribute__((section(".ksyms")))

#undef __always_inline
#define __always_inline inline __attribute__((always_inline))
#ifndef __noinline
#define __noinline __attribute__((noinline))
#endif
#ifndef __weak
#define __weak __attribute__((weak))
#endif
#define __hidden __attribute__((visibility("hidden")))

#define __kptr __attribute__((btf_type_tag("kptr")))
#define __kptr_untrusted __attribute__((btf_type_tag("kptr_untrusted")))
#define __percpu_kptr __attribute__((btf_type_tag("percpu_kptr")))
#define __uptr __attribute__((btf_type_tag("uptr")))

#define __arg_ctx __attribute__((btf_decl_tag("arg:ctx")))
#define __arg_nonnull __attribute__((btf_decl_tag("arg:nonnull")))
#define __arg_nullable __attribute__((btf_decl_tag("arg:nullable")))
#define __arg_trusted __attribute__((btf_decl_tag("arg:trusted")))
#define __arg_untrusted __attribute__((btf_decl_tag("arg:untrusted")))
#define __arg_arena __attribute__((btf_decl_tag("arg:arena")))

#ifndef likely
#define likely(x) (__builtin_expect(!!(x), 1))
#endif
#ifndef unlikely
#define unlikely(x) (__builtin_expect(!!(x), 0))
#endif
#ifndef NULL
#define NULL ((void *)0)
#endif
#ifndef KERNEL_VERSION
#define KERNEL_VERSION(a, b, c) (((a) << 16) + ((b) << 8) + ((c) > 255 ? 255 : (c)))
#endif

/* Through a null pointer, so that a kernel struct's offset stays relocatable. */
#undef offsetof
#define offsetof(type, member) ((unsigned long)&((type *)0)->member)
#undef container_of
#define container_of(ptr, type, member) ({					\
	void *__mptr = (void *)(ptr);						\
	(type *)(__mptr - offsetof(type, member));				\
})

/* Tell the compiler that memory, or one variable, is not what it thinks. */
#ifndef barrier
#define barrier() asm volatile("" ::: "memory")
#endif
#ifndef barrier_var
#define barrier_var(var) asm volatile("" : "+r"(var))
#endif
#ifndef __bpf_unreachable
#define __bpf_unreachable() __builtin_trap()
#endif

enum libbpf_pin_type {
	LIBBPF_PIN_NONE,
	LIBBPF_PIN_BY_NAME,
};
enum libbpf_tristate {
	TRI_NO,
	TRI_YES,
	TRI_MODULE,
};

#define bpf_ksym_exists(sym) ({							\
	_Static_assert(!__builtin_constant_p(!!sym), #sym " should be marked as __weak"); \
	!!sym;									\
})

/* Counting arguments, and picking a macro by how many there are. */
#ifndef ___bpf_concat
#define ___bpf_concat(a, b) a ## b
#endif
#ifndef ___bpf_apply
#define ___bpf_apply(fn, n) ___bpf_concat(fn, n)
#endif
#ifndef ___bpf_nth
#define ___bpf_nth(_, ${names('_', MAX_ARGS)}, N, ...) N
#endif
#ifndef ___bpf_narg
#define ___bpf_narg(...) ___bpf_nth(_, ##__VA_ARGS__, ${counts(MAX_ARGS)})
#endif

/* ___bpf_fill(array, a, b, ...): array[0] = a; array[1] = b; ... */
#define ___bpf_fill0(arr, p, x) do {} while (0)
${family(1, MAX_ARGS, (n) => `#define ___bpf_fill${n}(arr, p, ${names('x', n)}) ${fills(n)}`)}
#define ___bpf_fill(arr, args...) ___bpf_apply(___bpf_fill, ___bpf_narg(args))(arr, 0, args)

/* The format becomes a constant of its own and the arguments an array of 64-bit values named ___param. */
#define ___bpf_with_params(fmt, call, args...) ({				\
	static const char ___fmt[] = fmt;					\
	unsigned long long ___param[___bpf_narg(args)];				\
	_Pragma("GCC diagnostic push")						\
	_Pragma("GCC diagnostic ignored \"-Wint-conversion\"")			\
	___bpf_fill(___param, args);						\
	_Pragma("GCC diagnostic pop")						\
	call;									\
})
#define BPF_SEQ_PRINTF(seq, fmt, args...)					\
	___bpf_with_params(fmt, bpf_seq_printf(seq, ___fmt, sizeof(___fmt), ___param, sizeof(___param)), ##args)
#define BPF_SNPRINTF(out, out_size, fmt, args...)				\
	___bpf_with_params(fmt, bpf_snprintf(out, out_size, ___fmt, ___param, sizeof(___param)), ##args)
#define __bpf_vprintk(fmt, args...)						\
	___bpf_with_params(fmt, bpf_trace_vprintk(___fmt, sizeof(___fmt), ___param, sizeof(___param)), ##args)
#define bpf_stream_printk(stream_id, fmt, args...)				\
	___bpf_with_params(fmt, bpf_stream_vprintk(stream_id, ___fmt, ___param, sizeof(___param)), ##args)

#ifdef BPF_NO_GLOBAL_DATA
#define BPF_PRINTK_FMT_MOD
#else
#define BPF_PRINTK_FMT_MOD static const
#endif
#define __bpf_printk(fmt, ...) ({						\
	BPF_PRINTK_FMT_MOD char ____fmt[] = fmt;				\
	bpf_trace_printk(____fmt, sizeof(____fmt), ##__VA_ARGS__);		\
})
/* Up to three arguments fit bpf_trace_printk; more take the array. */
#define ___bpf_pick_printk(...) ___bpf_nth(_, ##__VA_ARGS__,			\
	${Array.from({ length: MAX_ARGS + 1 }, (_, i) => (MAX_ARGS - i > 3 ? '__bpf_vprintk' : '__bpf_printk')).join(', ')})
#define bpf_printk(fmt, args...) ___bpf_pick_printk(args)(fmt, ##args)

/* Open-coded iterators: the loop variable of the kernel is destroyed wherever the loop is left. */
struct bpf_iter_num;
extern int bpf_iter_num_new(struct bpf_iter_num *it, int start, int end) __weak __ksym;
extern int *bpf_iter_num_next(struct bpf_iter_num *it) __weak __ksym;
extern void bpf_iter_num_destroy(struct bpf_iter_num *it) __weak __ksym;

#define ___bpf_iter_init(type, args...)						\
	struct bpf_iter_##type ___it						\
		__attribute__((aligned(8), cleanup(bpf_iter_##type##_destroy))), \
	*___p __attribute__((unused)) =						\
		(bpf_iter_##type##_new(&___it, ##args), (void)bpf_iter_##type##_destroy, (void *)0)
#ifndef bpf_for_each
#define bpf_for_each(type, cur, args...)					\
	for (___bpf_iter_init(type, ##args); ((cur) = bpf_iter_##type##_next(&___it));)
#endif
#ifndef bpf_for
#define bpf_for(i, start, end)							\
	for (___bpf_iter_init(num, (start), (end)); ({				\
		int *___t = bpf_iter_num_next(&___it);				\
		(___t && ((i) = *___t, (i) >= (start) && (i) < (end)));		\
	});)
#endif
#ifndef bpf_repeat
#define bpf_repeat(N) for (___bpf_iter_init(num, 0, (N)); bpf_iter_num_next(&___it);)
#endif

static __always_inline void bpf_tail_call_static(void *ctx, const void *map, const __u32 slot)
{
	bpf_tail_call(ctx, (void *)map, slot);
}
#endif
`;
