/**
 * pidfd: a file that stands for a process.
 *
 * Its inode is in pidfs and points to the struct pid: a number that cannot come to mean another process.
 *
 * Source: fs/pidfs.c, kernel/pid.c, Linux 6.12.
 */
import type { Kernel } from '../kernel/kernel.ts';
import { fileOperations } from '../kernel/objects/file.ts';
import { fileAtFd, filesOf } from '../kernel/objects/files.ts';
import type { View } from '../kernel/view.ts';

export const PIDFD_FOPS = 'pidfs_file_operations';

/**
 * The struct pid behind a task's fd; null when it is not open or no pidfd.
 *
 * @kernel pidfd_get_pid, kernel/pid.c; pidfd_pid, fs/pidfs.c
 * @fidelity full
 */
export function pidfdPid(kernel: Kernel, task: View, fd: number): View | null {
  const files = filesOf(task);
  const file = files && fileAtFd(kernel, files, fd);
  if (!file || file.ptr('f_op') !== fileOperations(kernel, PIDFD_FOPS)) return null;
  const pid = file.deref('f_inode')?.ptr('i_private') ?? 0n;
  return pid === 0n ? null : kernel.view('pid', pid);
}
