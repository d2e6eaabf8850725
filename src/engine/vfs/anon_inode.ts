/**
 * Anonymous inodes: files that are an interface and nothing else, such as BPF objects.
 *
 * They share one inode; only file_operations, name and private_data differ.
 *
 * Source: fs/anon_inodes.c, Linux 6.12.
 */
import type { Addr } from '../../shared/brand.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { canRead, canWrite, FMODE, newFile, O_CLOEXEC } from '../kernel/objects/file.ts';
import { anonInode, pseudoPath } from '../kernel/objects/internal_mounts.ts';
import type { View } from '../kernel/view.ts';
import { openFd } from './fd_table.ts';

/** Number of the anonymous inode when the world does not tell it. */
const DEFAULT_INO = 1024;
const FMODE_OPENED = 0x80000;

export interface AnonFile {
  /** As d_path shows it after `anon_inode:`. */
  readonly name: string;
  /** Symbol of its file_operations. */
  readonly fops: string;
  readonly privateData: Addr;
  /** O_* flags. */
  readonly flags: number;
}

/** A file with one reference, the caller's. @kernel anon_inode_getfile, fs/anon_inodes.c @fidelity full: vfs.test.ts */
export function anonInodeFile(kernel: Kernel, spec: AnonFile): View {
  const inode = anonInode(kernel, DEFAULT_INO);
  const { mnt, dentry } = pseudoPath(kernel, 'anon_inodefs', spec.name, inode);
  const flags = spec.flags & ~O_CLOEXEC;
  const current = kernel.view('task_struct', kernel.current);
  return newFile(kernel, {
    mnt: mnt.at('mnt'),
    dentry: dentry.addr,
    inode,
    fops: spec.fops,
    flags,
    mode:
      FMODE_OPENED |
      (canRead(flags) ? FMODE.READ | FMODE.CAN_READ : 0) |
      (canWrite(flags) ? FMODE.WRITE | FMODE.CAN_WRITE : 0),
    pos: 0n,
    cred: current.ptr('cred'),
    privateData: spec.privateData,
  });
}

/** The same, opened in a task's table. @returns the fd or -EMFILE @kernel anon_inode_getfd, fs/anon_inodes.c @fidelity full: vfs.test.ts */
export function anonInodeFd(kernel: Kernel, task: View, spec: AnonFile): number {
  return openFd(kernel, task, anonInodeFile(kernel, spec), (spec.flags & O_CLOEXEC) !== 0);
}
