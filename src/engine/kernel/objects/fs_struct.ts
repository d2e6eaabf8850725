/** fs_struct: a process's root and working directory. Source: fs/fs_struct.c. */
import type { Kernel } from '../kernel.ts';
import type { View } from '../view.ts';
import { setPath } from './dentry.ts';
import type { Path } from './dentry.ts';
import { getRef, putRef } from './refs.ts';

const DEFAULT_UMASK = 0o22;

/** An fs_struct that nobody uses yet. @kernel copy_fs_struct, fs/fs_struct.c @fidelity full */
export function newFsStruct(kernel: Kernel, root: Path, pwd: Path, at?: View): View {
  const fs = at ?? kernel.alloc('fs_struct');
  setPath(fs, 'root', root);
  setPath(fs, 'pwd', pwd);
  fs.set('umask', DEFAULT_UMASK);
  return fs;
}

export const getFs = (fs: View): View => getRef(fs, 'users');

export function putFs(kernel: Kernel, fs: View): void {
  if (putRef(fs, 'users')) kernel.mem.release(fs.addr);
}
