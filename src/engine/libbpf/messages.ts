/**
 * What libbpf prints on stderr, kept as lines. libbpf 1.5 and older (the one of Linux 6.12's time) say an
 * error as text or number, from 1.6 on by its name: `Invalid argument` and `-22` both became `-EINVAL`.
 */
import { errnoName } from '../../shared/errno.ts';
import type { ErrnoName, NegErrno } from '../../shared/errno.ts';

/** How errors are spelled. */
export type ErrorStyle = 'strerror' | 'name';

/** strerror(3) of glibc. */
const STRERROR: Readonly<Partial<Record<ErrnoName, string>>> = {
  EPERM: 'Operation not permitted',
  ENOENT: 'No such file or directory',
  ESRCH: 'No such process',
  EINTR: 'Interrupted system call',
  ECHILD: 'No child processes',
  EIO: 'Input/output error',
  ENXIO: 'No such device or address',
  E2BIG: 'Argument list too long',
  EBADF: 'Bad file descriptor',
  EAGAIN: 'Resource temporarily unavailable',
  ENOMEM: 'Cannot allocate memory',
  EACCES: 'Permission denied',
  EFAULT: 'Bad address',
  EBUSY: 'Device or resource busy',
  EEXIST: 'File exists',
  ENODEV: 'No such device',
  ENOTDIR: 'Not a directory',
  EISDIR: 'Is a directory',
  EINVAL: 'Invalid argument',
  ENFILE: 'Too many open files in system',
  EMFILE: 'Too many open files',
  ENOTTY: 'Inappropriate ioctl for device',
  EFBIG: 'File too large',
  ENOSPC: 'No space left on device',
  ESPIPE: 'Illegal seek',
  EROFS: 'Read-only file system',
  EPIPE: 'Broken pipe',
  EDOM: 'Numerical argument out of domain',
  ERANGE: 'Numerical result out of range',
  ENAMETOOLONG: 'File name too long',
  ENOSYS: 'Function not implemented',
  ENOTEMPTY: 'Directory not empty',
  ELOOP: 'Too many levels of symbolic links',
  EPROTO: 'Protocol error',
  EOVERFLOW: 'Value too large for defined data type',
  EOPNOTSUPP: 'Operation not supported',
  ETIMEDOUT: 'Connection timed out',
  EBADMSG: 'Bad message',
  EMSGSIZE: 'Message too long',
  ENOKEY: 'Required key not available',
};

/** strerror(3): `Invalid argument` for 22 or -22. */
export const strerror = (errno: number): string =>
  STRERROR[errnoName(errno) as ErrnoName] ?? `Unknown error ${Math.abs(errno)}`;

/** libbpf's own error numbers, beyond the kernel's. */
export const LIBBPF_ERRNO__FORMAT = 4003;
export const LIBBPF_ERRNO__RELOC = 4008;

export class Messages {
  /** As printed, without line ends. */
  readonly lines: string[] = [];
  private readonly style: ErrorStyle;

  constructor(style: ErrorStyle) {
    this.style = style;
  }

  /** One message; it may have several lines. */
  warn(text: string): void {
    this.lines.push(...`libbpf: ${text}`.split('\n'));
  }

  /** An error where old versions print its text. */
  text(errno: NegErrno): string {
    return this.style === 'strerror' ? strerror(errno) : this.name(errno);
  }

  /** An error where old versions print its number. */
  number(errno: NegErrno): string {
    return this.style === 'strerror' ? String(errno) : this.name(errno);
  }

  /** `(-22)`, which old versions print after the text. */
  errorCode(errno: NegErrno): string {
    return this.style === 'strerror' ? `(${errno})` : '';
  }

  /** `Invalid argument(-22)`, in new versions ` -EINVAL`. */
  spaced(errno: NegErrno): string {
    return this.style === 'strerror' ? `${strerror(errno)}(${errno})` : ` ${this.name(errno)}`;
  }

  private name(errno: NegErrno): string {
    const name = errnoName(errno);
    return /^\d/.test(name) ? String(errno) : `-${name}`;
  }
}
