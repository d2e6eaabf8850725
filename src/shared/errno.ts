/** Linux errno numbers (asm-generic, x86-64) and the negated form that kernel functions return. */
export const Errno = {
  EPERM: 1,
  ENOENT: 2,
  ESRCH: 3,
  EINTR: 4,
  EIO: 5,
  ENXIO: 6,
  E2BIG: 7,
  EBADF: 9,
  ECHILD: 10,
  EAGAIN: 11,
  ENOMEM: 12,
  EACCES: 13,
  EFAULT: 14,
  EBUSY: 16,
  EEXIST: 17,
  ENODEV: 19,
  ENOTDIR: 20,
  EISDIR: 21,
  EINVAL: 22,
  ENFILE: 23,
  EMFILE: 24,
  ENOTTY: 25,
  EFBIG: 27,
  ENOSPC: 28,
  ESPIPE: 29,
  EROFS: 30,
  EPIPE: 32,
  EDOM: 33,
  ERANGE: 34,
  EDEADLK: 35,
  ENAMETOOLONG: 36,
  ENOSYS: 38,
  ENOTEMPTY: 39,
  ELOOP: 40,
  EBADFD: 77,
  EPROTO: 71,
  EBADMSG: 74,
  EOVERFLOW: 75,
  EILSEQ: 84,
  EOPNOTSUPP: 95,
  ENOTSOCK: 88,
  EMSGSIZE: 90,
  EADDRINUSE: 98,
  ECONNABORTED: 103,
  ECONNRESET: 104,
  ETIMEDOUT: 110,
  ECONNREFUSED: 111,
  ENOKEY: 126,
  ENOTSUPP: 524,
} as const;

export type ErrnoName = keyof typeof Errno;
/** 0 - errno, as kernel functions return it. */
export type NegErrno = number;

/** The negated errno, as in `return -EINVAL`. */
export const fail = (name: ErrnoName): NegErrno => -Errno[name];

const names = new Map<number, ErrnoName>(Object.entries(Errno).map(([k, v]) => [v, k as ErrnoName]));

/** 'EINVAL' for 22 or -22; the number as text when it has no name here. */
export const errnoName = (errno: number): string => names.get(Math.abs(errno)) ?? String(Math.abs(errno));
