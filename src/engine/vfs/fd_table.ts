/**
 * File descriptors as system calls see them: the lowest free number, close, dup.
 *
 * The table itself is kernel/objects/files.ts; this adds the rules and the errnos.
 *
 * Source: fs/file.c, Linux 6.12.
 */
import { fail } from '../../shared/errno.ts';
import type { NegErrno } from '../../shared/errno.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { getFile } from '../kernel/objects/file.ts';
import {
  fileAtFd,
  installFd as install,
  lowestFreeFd,
  removeFd,
  reserveFd,
} from '../kernel/objects/files.ts';
import type { View } from '../kernel/view.ts';
import { closeFile } from './file.ts';

/** RLIMIT_NOFILE of a process that was given none. */
const DEFAULT_NOFILE = 1024;
const RLIMIT_NOFILE = 7;

/** How many fds the task may have. @kernel rlimit, include/linux/sched/signal.h @fidelity full: vfs.test.ts */
function limitOf(task: View): number {
  const signal = task.deref('signal');
  const path = `rlim[${RLIMIT_NOFILE}].rlim_cur`;
  const limit = signal?.has(path) ? signal.num(path) : 0;
  return limit > 0 ? limit : DEFAULT_NOFILE;
}

/**
 * Takes the lowest free number of the task, without a file yet.
 *
 * @returns the fd, or -EMFILE
 * @kernel alloc_fd, fs/file.c
 * @fidelity full: vfs.test.ts
 */
export function allocFd(kernel: Kernel, task: View, cloexec: boolean): number {
  const files = task.deref('files');
  if (!files) return fail('EMFILE');
  const fd = lowestFreeFd(files);
  if (fd >= limitOf(task)) return fail('EMFILE');
  reserveFd(kernel, files, fd, cloexec);
  files.set('next_fd', fd + 1);
  return fd;
}

/** Puts a file behind a number from allocFd; the caller's reference goes with it. @kernel fd_install, fs/file.c @fidelity full: vfs.test.ts */
export function installFd(kernel: Kernel, task: View, fd: number, file: View): void {
  const files = task.deref('files');
  if (files) install(kernel, files, fd, file);
}

/** allocFd and installFd in one. @returns the fd, or -EMFILE; then the reference stays with the caller */
export function openFd(kernel: Kernel, task: View, file: View, cloexec: boolean): number {
  const fd = allocFd(kernel, task, cloexec);
  if (fd >= 0) installFd(kernel, task, fd, file);
  return fd;
}

/** The file behind a task's fd, without a new reference; null: EBADF. @kernel fdget, include/linux/file.h @fidelity full: vfs.test.ts */
export function lookupFd(kernel: Kernel, task: View, fd: number): View | null {
  const files = task.deref('files');
  return files && fileAtFd(kernel, files, fd);
}

/** @returns 0 or -EBADF @kernel close_fd, fs/file.c @fidelity full: vfs.test.ts */
export function closeFd(kernel: Kernel, task: View, fd: number): NegErrno {
  const files = task.deref('files');
  const file = files && removeFd(kernel, files, fd);
  if (!file) return fail('EBADF');
  closeFile(kernel, file);
  return 0;
}

/**
 * A second number for the same file, close-on-exec, the lowest free one that is not below `least`.
 *
 * @returns the new fd, -EBADF or -EMFILE
 * @kernel f_dupfd, fs/fcntl.c
 * @fidelity full: vfs.test.ts
 */
export function dupFdAbove(kernel: Kernel, task: View, fd: number, least: number): number {
  const files = task.deref('files');
  const file = lookupFd(kernel, task, fd);
  if (!files || !file) return fail('EBADF');
  let copy = least;
  while (copy < limitOf(task) && fileAtFd(kernel, files, copy)) copy++;
  if (copy >= limitOf(task)) return fail('EMFILE');
  reserveFd(kernel, files, copy, true);
  installFd(kernel, task, copy, getFile(file));
  return copy;
}

/** A second number for the same file. @returns the new fd, -EBADF or -EMFILE @kernel ksys_dup, fs/file.c @fidelity full: vfs.test.ts */
export function dupFd(kernel: Kernel, task: View, fd: number): number {
  const file = lookupFd(kernel, task, fd);
  if (!file) return fail('EBADF');
  const copy = allocFd(kernel, task, false);
  if (copy >= 0) installFd(kernel, task, copy, getFile(file));
  return copy;
}
