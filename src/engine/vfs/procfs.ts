/**
 * /proc/PID/fdinfo: the four lines that every file has. What is behind the file adds its own below them.
 *
 * Source: fs/proc/fd.c, Linux 6.12.
 */
import type { Kernel } from '../kernel/kernel.ts';
import { realMount } from '../kernel/objects/dentry.ts';
import { O_CLOEXEC } from '../kernel/objects/file.ts';
import { fileAtFd, isCloseOnExec } from '../kernel/objects/files.ts';
import type { View } from '../kernel/view.ts';

/** @returns the text, or null when the task has no such fd @kernel seq_show, fs/proc/fd.c @fidelity full: vfs.test.ts */
export function fdinfo(kernel: Kernel, task: View, fd: number): string | null {
  const files = task.deref('files');
  const file = files && fileAtFd(kernel, files, fd);
  if (!files || !file) return null;
  const flags = (file.num('f_flags') & ~O_CLOEXEC) | (isCloseOnExec(files, fd) ? O_CLOEXEC : 0);
  return (
    `pos:\t${file.big('f_pos')}\n` +
    `flags:\t0${flags.toString(8)}\n` +
    `mnt_id:\t${realMount(kernel, file.ptr('f_path.mnt')).num('mnt_id')}\n` +
    `ino:\t${file.deref('f_inode')?.big('i_ino') ?? 0n}\n`
  );
}
