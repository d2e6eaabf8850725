/**
 * pidfd: a file that stands for a process.
 *
 * Its inode is in pidfs and points to the struct pid: a number that cannot come to mean another process.
 *
 * Source: fs/pidfs.c, kernel/pid.c, Linux 6.12.
 */
import { must } from '../../shared/assert.ts';
import { fail } from '../../shared/errno.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { FMODE, fileOperations, newFile } from '../kernel/objects/file.ts';
import { fileAtFd, filesOf } from '../kernel/objects/files.ts';
import { newInode } from '../kernel/objects/inode.ts';
import { internalMount, pseudoPath } from '../kernel/objects/internal_mounts.ts';
import { PidType, pidTask } from '../kernel/objects/pid.ts';
import { getRef } from '../kernel/objects/refs.ts';
import type { View } from '../kernel/view.ts';
import { openFd } from './fd_table.ts';

export const PIDFD_FOPS = 'pidfs_file_operations';

/**
 * The struct pid behind a task's fd; null when it is not open or no pidfd.
 *
 * @kernel pidfd_get_pid, kernel/pid.c; pidfd_pid, fs/pidfs.c
 * @fidelity full: task_targets.test.ts
 */
export function pidfdPid(kernel: Kernel, task: View, fd: number): View | null {
  const files = filesOf(task);
  const file = files && fileAtFd(kernel, files, fd);
  if (!file || file.ptr('f_op') !== fileOperations(kernel, PIDFD_FOPS)) return null;
  const pid = file.deref('f_inode')?.ptr('i_private') ?? 0n;
  return pid === 0n ? null : kernel.view('pid', pid);
}

const FMODE_OPENED = 0x80000;
const O_RDWR = 2;

/**
 * pidfd_open(2): a new fd of `task` for a process.
 *
 * @param pid the process's struct pid
 * @returns the fd, close-on-exec; -EINVAL when no process has it, as for a thread that leads no group, or -EMFILE
 * @kernel pidfd_prepare, kernel/fork.c
 * @fidelity partial: each pidfd has an inode of its own; the kernel shares one for each process
 */
export function openPidfd(kernel: Kernel, task: View, pid: View): number {
  if (!pidTask(kernel, pid, PidType.TGID)) return fail('EINVAL');
  const sb = must(internalMount(kernel, 'pidfs').deref('mnt.mnt_sb'), 'pidfs');
  const inode = newInode(kernel, sb, {
    ino: pid.num('numbers[0].nr'),
    mode: 0o100700,
    nlink: 1,
    size: 0,
    uid: 0,
    gid: 0,
    rdev: 0,
    fops: PIDFD_FOPS,
  });
  inode.set('i_private', getRef(pid, 'count').addr);
  const { mnt, dentry } = pseudoPath(kernel, 'pidfs', '/', inode);
  const file = newFile(kernel, {
    mnt: mnt.at('mnt'),
    dentry: dentry.addr,
    inode,
    fops: PIDFD_FOPS,
    flags: O_RDWR,
    mode: FMODE_OPENED | FMODE.READ | FMODE.WRITE,
    pos: 0n,
    cred: task.ptr('cred'),
    privateData: 0n,
  });
  return openFd(kernel, task, file, true);
}
