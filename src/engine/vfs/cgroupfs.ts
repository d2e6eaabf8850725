/**
 * /sys/fs/cgroup: cgroups as directories.
 *
 * A directory gets its dentry when somebody looks it up; its inode points to the cgroup's kernfs_node.
 *
 * Source: fs/kernfs/dir.c, kernel/cgroup/cgroup.c, Linux 6.12.
 */
import type { Kernel } from '../kernel/kernel.ts';
import { cgroupByPath, cgroupChildren, cgroupId, cgroupName } from '../kernel/objects/cgroup.ts';
import { dentryName, findChild, isRoot, newDentry } from '../kernel/objects/dentry.ts';
import { fileAtFd, filesOf } from '../kernel/objects/files.ts';
import { newDirectory, superTypeName } from '../kernel/objects/inode.ts';
import type { View } from '../kernel/view.ts';

const CGROUP2 = 'cgroup2';
const isCgroupfs = (kernel: Kernel, dentry: View): boolean =>
  superTypeName(kernel, kernel.view('super_block', dentry.ptr('d_sb'))) === CGROUP2;

/** The cgroup that a directory of cgroup2 stands for, or null. */
export function cgroupOfDentry(kernel: Kernel, dentry: View): View | null {
  if (!isCgroupfs(kernel, dentry)) return null;
  const names: string[] = [];
  for (let at = dentry; !isRoot(at); at = kernel.view('dentry', at.ptr('d_parent')))
    names.unshift(dentryName(kernel, at));
  return cgroupByPath(kernel, names.join('/'));
}

/**
 * The cgroup behind a task's fd; null when it is not open or no directory of cgroup2.
 *
 * @kernel css_tryget_online_from_dir, kernel/cgroup/cgroup.c
 * @fidelity partial: takes no reference; hierarchies of version 1 are not modelled
 */
export function cgroupOfDirectory(kernel: Kernel, task: View, fd: number): View | null {
  const files = filesOf(task);
  const dentry = files && fileAtFd(kernel, files, fd)?.deref('f_path.dentry');
  return dentry ? cgroupOfDentry(kernel, dentry) : null;
}

/**
 * The dentry of a name in a directory of cgroup2, made now if need be; null when there is no such cgroup.
 *
 * @kernel kernfs_iop_lookup, fs/kernfs/dir.c
 * @fidelity partial: directories only
 */
export function lookupCgroup(kernel: Kernel, dir: View, name: string): View | null {
  const known = findChild(kernel, dir, name);
  if (known) return known;
  const parent = cgroupOfDentry(kernel, dir);
  const cgroup =
    parent && [...cgroupChildren(kernel, parent)].find((child) => cgroupName(kernel, child) === name);
  if (!cgroup) return null;
  const sb = kernel.view('super_block', dir.ptr('d_sb'));
  const inode = newDirectory(kernel, sb, Number(cgroupId(cgroup)), 'kernfs_dir_fops');
  inode.set('i_private', cgroup.ptr('kn'));
  return newDentry(kernel, { name, parent: dir, sb, inode });
}
