/**
 * File system calls on the fds that BPF hands out.
 *
 * Only iterator files can be read; the others are handles. read(2) is a generator that pauses between two
 * callbacks of the walk, so that who runs the machine can slice and cancel it.
 *
 * Source: fs/read_write.c, fs/seq_file.c, kernel/bpf/syscall.c, Linux 6.12.
 */
import type { Bytes } from '../../shared/brand.ts';
import { fail } from '../../shared/errno.ts';
import type { NegErrno } from '../../shared/errno.ts';
import type { CallKind } from '../../protocol/trace.ts';
import { MAX_ITER_OBJECTS, bpfSeqRead } from '../iter/seq_read.ts';
import type { Midway } from '../iter/seq_read.ts';
import { canRead, canWrite } from '../kernel/objects/file.ts';
import type { Session } from '../iter/session.ts';
import type { View } from '../kernel/view.ts';
import { closeFd, dupFd } from '../vfs/fd_table.ts';
import type { Sys } from './sys.ts';

export interface ReadResult {
  /** Bytes, 0 at the end, or a negated errno. */
  readonly ret: number;
  readonly bytes: Uint8Array;
}

const NOTHING = new Uint8Array(0);

/**
 * read(2).
 *
 * @param faults true: the user's buffer cannot be written
 * @yields after each callback of the walk
 * @throws ProgramAbort when the program came to no end
 * @kernel ksys_read, fs/read_write.c
 * @fidelity partial: files of the world have no content here and give -EINVAL, as BPF's other files do
 */
export function* read(sys: Sys, fd: number, size: Bytes, faults = false): Generator<CallKind, ReadResult> {
  const file = sys.fds.file(fd);
  if (!file || !canRead(file.num('f_flags'))) return { ret: fail('EBADF'), bytes: NOTHING };
  const behind = sys.fds.behind(file);
  if (behind?.kind !== 'iter') return { ret: fail('EINVAL'), bytes: NOTHING };
  return yield* readSession(behind.object, file, size, faults);
}

/**
 * read(2) of an open iterator file.
 *
 * @param file the struct file
 * @param from goes on inside of a read, see `bpfSeqRead`
 */
export function* readSession(
  session: Session,
  file: View,
  size: Bytes,
  faults = false,
  from: Midway | null = null,
): Generator<CallKind, ReadResult> {
  let bytes: Uint8Array = NOTHING;
  const take = (data: Uint8Array): boolean => {
    if (faults && data.length > 0) return false;
    bytes = data;
    return true;
  };
  const ret = yield* bpfSeqRead(session, size, take, MAX_ITER_OBJECTS, from);
  if (ret > 0) file.set('f_pos', file.num('f_pos') + ret);
  return { ret, bytes };
}

/** @kernel ksys_lseek, fs/read_write.c @fidelity full: probes.test.ts */
export const lseek = (sys: Sys, fd: number): NegErrno => (sys.fds.file(fd) ? fail('ESPIPE') : fail('EBADF'));

/** @kernel ksys_pread64, fs/read_write.c @fidelity full: probes.test.ts */
export const pread = lseek;

/** @kernel ksys_write, fs/read_write.c @fidelity full: probes.test.ts */
export function write(sys: Sys, fd: number): NegErrno {
  const file = sys.fds.file(fd);
  return !file || !canWrite(file.num('f_flags')) ? fail('EBADF') : fail('EINVAL');
}

const POLLIN = 0x1;
const POLLOUT = 0x4;

/**
 * poll(2) of one fd: files without a poll operation are always ready.
 *
 * @returns revents, -EBADF when the fd is not open
 * @kernel vfs_poll, include/linux/poll.h
 * @fidelity full: probes.test.ts
 */
export const poll = (sys: Sys, fd: number, events: number): number =>
  sys.fds.file(fd) ? events & (POLLIN | POLLOUT) : fail('EBADF');

/** @kernel do_mmap, mm/mmap.c @fidelity partial: maps made with BPF_F_MMAPABLE cannot be mapped either */
export const mmap = (sys: Sys, fd: number): NegErrno => (sys.fds.file(fd) ? fail('ENODEV') : fail('EBADF'));

export const close = (sys: Sys, fd: number): NegErrno => closeFd(sys.kernel, sys.fds.task, fd);

export const dup = (sys: Sys, fd: number): number => dupFd(sys.kernel, sys.fds.task, fd);
