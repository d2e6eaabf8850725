/** Absolute paths, as the calling task sees them. Source: fs/namei.c, Linux 6.12. */
import { must } from '../../shared/assert.ts';
import { fail } from '../../shared/errno.ts';
import { findChild, followMounts } from '../kernel/objects/dentry.ts';
import type { Path } from '../kernel/objects/dentry.ts';
import { newFile } from '../kernel/objects/file.ts';
import { lookupCgroup } from '../vfs/cgroupfs.ts';
import { openFd } from '../vfs/fd_table.ts';
import { closeFile } from '../vfs/file.ts';
import { rootOf } from '../vfs/path.ts';
import type { Sys } from './sys.ts';

const S_IFMT = 0o170000;
const S_IFDIR = 0o40000;
const O_DIRECTORY = 0o200000;
const FMODE_OPENED = 0x80000;
const FMODE_READ = 0x1;
/** Of a directory that has no file_operations of its own in this world. */
const DIR_FOPS = 'simple_dir_operations';

/** Where absolute paths of the caller start. */
export const taskRoot = (sys: Sys): Path => must(rootOf(sys.kernel, sys.fds.task), 'root of the caller');

/** The place that a list of names leads to from the caller's root, or null. */
export function walkPath(sys: Sys, names: readonly string[]): Path | null {
  const { kernel } = sys;
  let at = followMounts(kernel, taskRoot(sys));
  for (const name of names) {
    const dentry = findChild(kernel, at.dentry, name) ?? lookupCgroup(kernel, at.dentry, name);
    if (!dentry) return null;
    at = followMounts(kernel, { mnt: at.mnt, dentry });
  }
  return at;
}

/** The names in a path. */
export const namesOf = (path: string): string[] =>
  path.split('/').filter((name) => name !== '' && name !== '.');

/**
 * open(2) of a directory.
 *
 * @returns an fd, -ENOENT, -ENOTDIR or -EMFILE
 * @kernel do_sys_openat2, fs/open.c
 * @fidelity partial: for reading, and without looking at permissions
 */
export function openDirectory(sys: Sys, path: string): number {
  const { kernel, fds } = sys;
  const place = walkPath(sys, namesOf(path));
  const inode = place?.dentry.deref('d_inode');
  if (!place || !inode) return fail('ENOENT');
  if ((inode.num('i_mode') & S_IFMT) !== S_IFDIR) return fail('ENOTDIR');
  const file = newFile(kernel, {
    mnt: place.mnt.at('mnt'),
    dentry: place.dentry.addr,
    inode,
    fops: DIR_FOPS,
    flags: O_DIRECTORY,
    mode: FMODE_OPENED | FMODE_READ,
    pos: 0n,
    cred: fds.task.ptr('cred'),
    privateData: 0n,
  });
  const fops = inode.ptr('i_fop');
  if (fops !== 0n) file.set('f_op', fops);
  const fd = openFd(kernel, fds.task, file, true);
  if (fd < 0) closeFile(kernel, file);
  return fd;
}
