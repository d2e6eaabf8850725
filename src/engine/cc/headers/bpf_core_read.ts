/**
 * bpf/bpf_core_read.h: reading kernel memory so that the loader can move every offset. The public names and
 * meanings are libbpf's.
 *
 * BPF_CORE_READ(p, a, b, c) hops: it reads the pointer p->a into `__t`, then `__t`->b into `__t`, then
 * `__t`->c into the result. Each hop's type is the previous member's.
 */
import { family, names } from './families.ts';

const MAX_HOPS = 10;

/** BPF_NAME_INTO, and BPF_NAME which returns the value. */
const reader = (name: string, read: string, pointer: string): string => String.raw`
#define ${name}_INTO(dst, src, a, ...) ({					\
	const void *__t __attribute__((unused));				\
	___core_hops(${read}, ${pointer}, dst, (src), a, ##__VA_ARGS__);	\
})
#define ${name}(src, a, ...) ({							\
	___type((src), a, ##__VA_ARGS__) __r;					\
	${name}_INTO(&__r, (src), a, ##__VA_ARGS__);				\
	__r;									\
})`;
const stringReader = (name: string, read: string, pointer: string): string => String.raw`
#define ${name}_INTO(dst, src, a, ...) ({					\
	const void *__t __attribute__((unused));				\
	___core_hops(${read}, ${pointer}, dst, (src), a, ##__VA_ARGS__);	\
})`;

/** bpf/bpf_core_read.h */
export const BPF_CORE_READ = String.raw`
#ifndef __BPF_CORE_READ_H__
#define __BPF_CORE_READ_H__
#include <bpf/bpf_helpers.h>

enum bpf_field_info_kind {
	BPF_FIELD_BYTE_OFFSET = 0,
	BPF_FIELD_BYTE_SIZE = 1,
	BPF_FIELD_EXISTS = 2,
	BPF_FIELD_SIGNED = 3,
	BPF_FIELD_LSHIFT_U64 = 4,
	BPF_FIELD_RSHIFT_U64 = 5,
};
enum bpf_type_id_kind {
	BPF_TYPE_ID_LOCAL = 0,
	BPF_TYPE_ID_TARGET = 1,
};
enum bpf_type_info_kind {
	BPF_TYPE_EXISTS = 0,
	BPF_TYPE_SIZE = 1,
	BPF_TYPE_MATCHES = 2,
};
enum bpf_enum_value_kind {
	BPF_ENUMVAL_EXISTS = 0,
	BPF_ENUMVAL_VALUE = 1,
};

/* A field is named by an access (p->a.b) or by a type and a member (struct s, a.b). */
#define ___bpf_typeof(type) ((typeof(type) *)0)
#define ___bpf_field_ref1(field) (field)
#define ___bpf_field_ref2(type, field) (___bpf_typeof(type)->field)
#define ___bpf_field_ref(args...) ___bpf_apply(___bpf_field_ref, ___bpf_narg(args))(args)

#define bpf_core_field_exists(field...)						\
	__builtin_preserve_field_info(___bpf_field_ref(field), BPF_FIELD_EXISTS)
#define bpf_core_field_size(field...)						\
	__builtin_preserve_field_info(___bpf_field_ref(field), BPF_FIELD_BYTE_SIZE)
#define bpf_core_field_offset(field...)						\
	__builtin_preserve_field_info(___bpf_field_ref(field), BPF_FIELD_BYTE_OFFSET)
#define bpf_core_type_id_local(type) __builtin_btf_type_id(*___bpf_typeof(type), BPF_TYPE_ID_LOCAL)
#define bpf_core_type_id_kernel(type) __builtin_btf_type_id(*___bpf_typeof(type), BPF_TYPE_ID_TARGET)
#define bpf_core_type_exists(type) __builtin_preserve_type_info(*___bpf_typeof(type), BPF_TYPE_EXISTS)
#define bpf_core_type_size(type) __builtin_preserve_type_info(*___bpf_typeof(type), BPF_TYPE_SIZE)
#define bpf_core_type_matches(type) __builtin_preserve_type_info(*___bpf_typeof(type), BPF_TYPE_MATCHES)
#define bpf_core_enum_value_exists(enum_type, enum_value)			\
	__builtin_preserve_enum_value(*(typeof(enum_type) *)enum_value, BPF_ENUMVAL_EXISTS)
#define bpf_core_enum_value(enum_type, enum_value)				\
	__builtin_preserve_enum_value(*(typeof(enum_type) *)enum_value, BPF_ENUMVAL_VALUE)

/* Bit-fields: load the unit the loader names, then shift the field to the top and back down. */
#define __CORE_RELO(src, field, info) __builtin_preserve_field_info((src)->field, BPF_FIELD_##info)
#define ___core_extract(val, s, field) ({					\
	val <<= __CORE_RELO(s, field, LSHIFT_U64);				\
	if (__CORE_RELO(s, field, SIGNED))					\
		val = ((long long)val) >> __CORE_RELO(s, field, RSHIFT_U64);	\
	else									\
		val = val >> __CORE_RELO(s, field, RSHIFT_U64);			\
	val;									\
})
#define BPF_CORE_READ_BITFIELD_PROBED(s, field) ({				\
	unsigned long long val = 0;						\
	bpf_probe_read_kernel(&val, __CORE_RELO(s, field, BYTE_SIZE),		\
			      (const void *)s + __CORE_RELO(s, field, BYTE_OFFSET)); \
	___core_extract(val, s, field);						\
})
#define BPF_CORE_READ_BITFIELD(s, field) ({					\
	const void *p = (const void *)s + __CORE_RELO(s, field, BYTE_OFFSET);	\
	unsigned long long val;							\
	asm volatile("" : "=r"(p) : "0"(p));					\
	switch (__CORE_RELO(s, field, BYTE_SIZE)) {				\
	case 1: val = *(const unsigned char *)p; break;				\
	case 2: val = *(const unsigned short *)p; break;			\
	case 4: val = *(const unsigned int *)p; break;				\
	case 8: val = *(const unsigned long long *)p; break;			\
	default: val = 0; break;						\
	}									\
	___core_extract(val, s, field);						\
})
#define BPF_CORE_WRITE_BITFIELD(s, field, new_val) ({				\
	void *p = (void *)s + __CORE_RELO(s, field, BYTE_OFFSET);		\
	unsigned int unit = __CORE_RELO(s, field, BYTE_SIZE);			\
	unsigned int up = __CORE_RELO(s, field, LSHIFT_U64);			\
	unsigned int down = __CORE_RELO(s, field, RSHIFT_U64);			\
	unsigned long long mask = (~0ULL << down) >> up, put = new_val, val = 0; \
	asm volatile("" : "+r"(p));						\
	put = (put << (down - up)) & mask;					\
	switch (unit) {								\
	case 1: val = *(unsigned char *)p; break;				\
	case 2: val = *(unsigned short *)p; break;				\
	case 4: val = *(unsigned int *)p; break;				\
	case 8: val = *(unsigned long long *)p; break;				\
	}									\
	val = (val & ~mask) | put;						\
	switch (unit) {								\
	case 1: *(unsigned char *)p = val; break;				\
	case 2: *(unsigned short *)p = val; break;				\
	case 4: *(unsigned int *)p = val; break;				\
	case 8: *(unsigned long long *)p = val; break;				\
	}									\
})

#define bpf_core_read(dst, sz, src)						\
	bpf_probe_read_kernel(dst, sz, (const void *)__builtin_preserve_access_index(src))
#define bpf_core_read_user(dst, sz, src)					\
	bpf_probe_read_user(dst, sz, (const void *)__builtin_preserve_access_index(src))
#define bpf_core_read_str(dst, sz, src)						\
	bpf_probe_read_kernel_str(dst, sz, (const void *)__builtin_preserve_access_index(src))
#define bpf_core_read_user_str(dst, sz, src)					\
	bpf_probe_read_user_str(dst, sz, (const void *)__builtin_preserve_access_index(src))

extern void *bpf_rdonly_cast(const void *obj, __u32 btf_id) __ksym __weak;
#define bpf_core_cast(ptr, type)						\
	((typeof(type) *)bpf_rdonly_cast((ptr), bpf_core_type_id_kernel(type)))

#define ___concat(a, b) a ## b
#define ___apply(fn, n) ___concat(fn, n)
#define ___nth(${names('_', MAX_HOPS + 1)}, N, ...) N
#define ___narg(...) ___nth(_, ##__VA_ARGS__, ${Array.from({ length: MAX_HOPS + 1 }, (_, i) => MAX_HOPS - i).join(', ')})

/* The type of a->b->c, without qualifiers. */
#define ___arrow1(a) a
${family(2, MAX_HOPS, (n) => `#define ___arrow${n}(${names('a', n)}) ${names('a', n).replaceAll(', ', '->')}`)}
#define ___arrow(...) ___apply(___arrow, ___narg(__VA_ARGS__))(__VA_ARGS__)
#define ___type(...) __typeof_unqual__(___arrow(__VA_ARGS__))

#define ___core_hop1(rd, ptr, dst, src, a) rd((void *)(dst), sizeof(*(dst)), &(src)->a)
${family(
  2,
  MAX_HOPS,
  (n) =>
    `#define ___core_hop${n}(rd, ptr, dst, src, a, rest...) ptr((void *)&__t, sizeof(__t), &(src)->a); ` +
    `___core_hop${n - 1}(rd, ptr, dst, ((__typeof_unqual__((src)->a))__t), rest)`,
)}
#define ___core_hops(rd, ptr, dst, src, args...) ___apply(___core_hop, ___narg(args))(rd, ptr, dst, src, args)
${reader('BPF_CORE_READ', 'bpf_core_read', 'bpf_core_read')}
${reader('BPF_CORE_READ_USER', 'bpf_core_read_user', 'bpf_core_read_user')}
${reader('BPF_PROBE_READ', 'bpf_probe_read_kernel', 'bpf_probe_read_kernel')}
${reader('BPF_PROBE_READ_USER', 'bpf_probe_read_user', 'bpf_probe_read_user')}
${stringReader('BPF_CORE_READ_STR', 'bpf_core_read_str', 'bpf_core_read')}
${stringReader('BPF_CORE_READ_USER_STR', 'bpf_core_read_user_str', 'bpf_core_read_user')}
${stringReader('BPF_PROBE_READ_STR', 'bpf_probe_read_kernel_str', 'bpf_probe_read_kernel')}
${stringReader('BPF_PROBE_READ_USER_STR', 'bpf_probe_read_user_str', 'bpf_probe_read_user')}
#endif
`;
