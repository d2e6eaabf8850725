/** fs_struct: a process's root and working directory. Source: fs/fs_struct.c. */
import type { Kernel } from '../kernel.ts';
import type { View } from '../view.ts';
import { dget, dput, setPath } from './dentry.ts';
import type { Path } from './dentry.ts';
import { putRef } from './refs.ts';

const DEFAULT_UMASK = 0o22;
const PLACES = ['root', 'pwd'] as const;

/** An fs_struct that nobody uses yet. @kernel copy_fs_struct, fs/fs_struct.c @fidelity partial: mounts count no users */
export function newFsStruct(kernel: Kernel, root: Path, pwd: Path, at?: View): View {
  const fs = at ?? kernel.alloc('fs_struct');
  setPath(fs, 'root', root);
  setPath(fs, 'pwd', pwd);
  dget(root.dentry);
  dget(pwd.dentry);
  fs.set('umask', DEFAULT_UMASK);
  return fs;
}

/** Another working directory. @kernel set_fs_pwd, fs/fs_struct.c @fidelity partial: mounts count no users */
export function setPwd(kernel: Kernel, fs: View, pwd: Path): void {
  const old = fs.deref('pwd.dentry');
  dget(pwd.dentry);
  setPath(fs, 'pwd', pwd);
  if (old) dput(kernel, old);
}

/** @kernel free_fs_struct, fs/fs_struct.c @fidelity full: task.test.ts */
export function putFs(kernel: Kernel, fs: View): void {
  if (!putRef(fs, 'users')) return;
  for (const place of PLACES) {
    const dentry = fs.deref(`${place}.dentry`);
    if (dentry) dput(kernel, dentry);
  }
  kernel.mem.release(fs.addr);
}
