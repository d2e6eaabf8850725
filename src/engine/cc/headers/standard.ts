/** The small headers of C and Linux that programs include besides libbpf's. */
export const guard = (name: string, text: string): string =>
  `#ifndef ${name}\n#define ${name}\n${text}\n#endif\n`;

const LINUX_TYPES = `
typedef signed char __s8;
typedef unsigned char __u8;
typedef short __s16;
typedef unsigned short __u16;
typedef int __s32;
typedef unsigned int __u32;
typedef long long __s64;
typedef unsigned long long __u64;
typedef __u16 __le16;
typedef __u16 __be16;
typedef __u32 __le32;
typedef __u32 __be32;
typedef __u64 __le64;
typedef __u64 __be64;
typedef __u16 __sum16;
typedef __u32 __wsum;
typedef unsigned __poll_t;
#define __bitwise
#define __aligned_u64 __u64 __attribute__((aligned(8)))
#define __aligned_s64 __s64 __attribute__((aligned(8)))
#define __aligned_be64 __be64 __attribute__((aligned(8)))
#define __aligned_le64 __le64 __attribute__((aligned(8)))
`;

const STDINT = [
  // The kernel has its own.
  '#ifndef __VMLINUX_H__',
  ...[8, 16, 32, 64].flatMap((n) => [
    `typedef __INT${n}_TYPE__ int${n}_t;`,
    `typedef __UINT${n}_TYPE__ uint${n}_t;`,
  ]),
  '#endif',
  ...[8, 16, 32, 64].flatMap((n) => [
    `#define INT${n}_MAX ${2n ** BigInt(n - 1) - 1n}${n === 64 ? 'L' : ''}`,
    `#define INT${n}_MIN (-INT${n}_MAX - 1)`,
    `#define UINT${n}_MAX ${2n ** BigInt(n) - 1n}${n === 64 ? 'UL' : n === 32 ? 'U' : ''}`,
  ]),
  'typedef __INTPTR_TYPE__ intptr_t;',
  'typedef __UINTPTR_TYPE__ uintptr_t;',
  'typedef __INTMAX_TYPE__ intmax_t;',
  'typedef __UINTMAX_TYPE__ uintmax_t;',
  '#define SIZE_MAX __SIZE_MAX__',
].join('\n');

const LIMITS = [
  '#define CHAR_BIT 8',
  '#define SCHAR_MAX 127',
  '#define SCHAR_MIN (-128)',
  '#define UCHAR_MAX 255',
  '#define CHAR_MAX 127',
  '#define CHAR_MIN (-128)',
  '#define SHRT_MAX 32767',
  '#define SHRT_MIN (-32768)',
  '#define USHRT_MAX 65535',
  '#define INT_MAX 2147483647',
  '#define INT_MIN (-INT_MAX - 1)',
  '#define UINT_MAX 4294967295U',
  '#define LONG_MAX 9223372036854775807L',
  '#define LONG_MIN (-LONG_MAX - 1L)',
  '#define ULONG_MAX 18446744073709551615UL',
  '#define LLONG_MAX 9223372036854775807LL',
  '#define LLONG_MIN (-LLONG_MAX - 1LL)',
  '#define ULLONG_MAX 18446744073709551615ULL',
  '#define PATH_MAX 4096',
  '#define NAME_MAX 255',
].join('\n');

const STDDEF = `
typedef __SIZE_TYPE__ size_t;
typedef __PTRDIFF_TYPE__ ptrdiff_t;
#ifndef NULL
#define NULL ((void *)0)
#endif
#ifndef offsetof
#define offsetof(type, member) __builtin_offsetof(type, member)
#endif
`;

const STRING = `
#include <stddef.h>
#define memcpy(dst, src, n) __builtin_memcpy(dst, src, n)
#define memmove(dst, src, n) __builtin_memmove(dst, src, n)
#define memset(dst, c, n) __builtin_memset(dst, c, n)
#define memcmp(a, b, n) __builtin_memcmp(a, b, n)
`;

const STDBOOL = `
#define bool _Bool
#define true 1
#define false 0
#define __bool_true_false_are_defined 1
`;

/** Linux's errnos from 1 on; a place without a name is an alias or not used. */
const ERRNO_NAMES = `EPERM ENOENT ESRCH EINTR EIO ENXIO E2BIG ENOEXEC EBADF ECHILD EAGAIN ENOMEM EACCES EFAULT
  ENOTBLK EBUSY EEXIST EXDEV ENODEV ENOTDIR EISDIR EINVAL ENFILE EMFILE ENOTTY ETXTBSY EFBIG ENOSPC ESPIPE EROFS
  EMLINK EPIPE EDOM ERANGE EDEADLK ENAMETOOLONG ENOLCK ENOSYS ENOTEMPTY ELOOP - ENOMSG EIDRM ECHRNG EL2NSYNC EL3HLT
  EL3RST ELNRNG EUNATCH ENOCSI EL2HLT EBADE EBADR EXFULL ENOANO EBADRQC EBADSLT - EBFONT ENOSTR ENODATA ETIME ENOSR
  ENONET ENOPKG EREMOTE ENOLINK EADV ESRMNT ECOMM EPROTO EMULTIHOP EDOTDOT EBADMSG EOVERFLOW ENOTUNIQ EBADFD EREMCHG
  ELIBACC ELIBBAD ELIBSCN ELIBMAX ELIBEXEC EILSEQ ERESTART ESTRPIPE EUSERS ENOTSOCK EDESTADDRREQ EMSGSIZE EPROTOTYPE
  ENOPROTOOPT EPROTONOSUPPORT ESOCKTNOSUPPORT EOPNOTSUPP EPFNOSUPPORT EAFNOSUPPORT EADDRINUSE EADDRNOTAVAIL ENETDOWN
  ENETUNREACH ENETRESET ECONNABORTED ECONNRESET ENOBUFS EISCONN ENOTCONN ESHUTDOWN ETOOMANYREFS ETIMEDOUT
  ECONNREFUSED EHOSTDOWN EHOSTUNREACH EALREADY EINPROGRESS ESTALE EUCLEAN ENOTNAM ENAVAIL EISNAM EREMOTEIO EDQUOT
  ENOMEDIUM EMEDIUMTYPE ECANCELED ENOKEY EKEYEXPIRED EKEYREVOKED EKEYREJECTED EOWNERDEAD ENOTRECOVERABLE ERFKILL
  EHWPOISON`;

const ERRNO = [
  ...ERRNO_NAMES.split(/\s+/).flatMap((name, i) => (name === '-' ? [] : [`#define ${name} ${i + 1}`])),
  '#define EWOULDBLOCK EAGAIN',
  '#define EDEADLOCK EDEADLK',
].join('\n');

/** Path after #include, and its text. */
export const STANDARD_HEADERS: Readonly<Record<string, string>> = {
  'errno.h': guard('_ERRNO_H', ERRNO),
  'limits.h': guard('_LIMITS_H', LIMITS),
  'stdbool.h': guard('_STDBOOL_H', STDBOOL),
  'stddef.h': guard('_STDDEF_H', STDDEF),
  'stdint.h': guard('_STDINT_H', STDINT),
  'string.h': guard('_STRING_H', STRING),
  'asm/types.h': '#include <linux/types.h>\n',
  'linux/types.h': guard('_LINUX_TYPES_H', LINUX_TYPES),
  'linux/errno.h': '#include <errno.h>\n',
  'linux/limits.h': '#include <limits.h>\n',
  'linux/stddef.h': '#include <stddef.h>\n',
};
